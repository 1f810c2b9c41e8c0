import type { Env } from '../../../src/env/env.ts';
import { type Broker, startBroker } from '../../../src/kafka/server/broker.ts';
import { loadBrokerConfig } from '../../../src/kafka/server/config/broker-config.ts';
import { type RunningZooKeeperServer, startZooKeeperServer } from '../../../src/zookeeper/server/start.ts';

export interface RunningCluster extends AsyncDisposable {
  readonly broker: Broker;
  readonly zookeeper: RunningZooKeeperServer;
}

const DEFAULTS = {
  'broker.id': '0',
  listeners: 'PLAINTEXT://127.0.0.1:0',
  'log.dirs': '/kafka',
  'offsets.topic.num.partitions': '4',
  'offsets.topic.replication.factor': '1',
  'group.initial.rebalance.delay.ms': '0',
};

/** ZooKeeper and one broker of ours in this process, on ports of their own, with these settings on top. */
export async function startCluster(
  env: Env,
  overrides: Readonly<Record<string, string>> = {},
): Promise<RunningCluster> {
  const zookeeper = await startZooKeeperServer(env, {
    dataDir: '/zookeeper',
    clientPort: 0,
    clientPortAddress: '127.0.0.1',
  });
  try {
    const properties = { ...DEFAULTS, 'zookeeper.connect': zookeeper.address, ...overrides };
    const given = Object.entries(properties).map(([key, value]) => ({ key, value, where: 'the test' }));
    const broker = await startBroker(env, loadBrokerConfig(given).config);
    return {
      broker,
      zookeeper,
      async [Symbol.asyncDispose]() {
        await broker.close();
        await zookeeper.close();
      },
    };
  } catch (error) {
    await zookeeper.close();
    throw error;
  }
}
