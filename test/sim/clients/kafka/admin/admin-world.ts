import { Admin } from '../../../../../src/clients/kafka/admin/admin.ts';
import { BrokerSimulation } from '../../../../support/kafka/broker-simulation.ts';

const SETTINGS = {
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '2',
  'auto.create.topics.enable': 'false',
};

/** A broker in virtual time, and an admin client on another host. */
export async function administer(
  story: (admin: Admin, servers: BrokerSimulation) => Promise<void>,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  const servers = new BrokerSimulation(11, { ...SETTINGS, ...settings });
  const { sim } = servers;
  await sim.run(async () => {
    await servers.startZooKeeper();
    await servers.startBroker();
    await using admin = new Admin(sim.host('client').env, {
      bootstrapServers: 'broker:9092',
      apiTimeoutMs: 20_000,
    });
    await story(admin, servers);
  });
}
