import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cluster } from '../../../../src/clients/kafka/cluster/cluster.ts';
import { isKafkaError, isRetriable } from '../../../../src/clients/kafka/kafka-error.ts';
import { HeartbeatRequest, HeartbeatResponse } from '../../../../src/wire/kafka/messages/12-heartbeat.ts';
import { BrokerSimulation } from '../../../support/kafka/broker-simulation.ts';
import { ScriptedBrokers } from '../../../support/kafka/scripted-brokers.ts';

const SETTINGS = { 'offsets.topic.replication.factor': '1', 'offsets.topic.num.partitions': '2' };

/** A cluster of one broker, and what a client on another host makes of it. */
async function tell(story: (cluster: Cluster, servers: BrokerSimulation) => Promise<void>): Promise<void> {
  const servers = new BrokerSimulation(11, SETTINGS);
  const { sim } = servers;
  await sim.run(async () => {
    await servers.startZooKeeper();
    await servers.startBroker();
    const cluster = new Cluster(sim.host('client').env, {
      bootstrapServers: 'nobody:9092,broker:9092',
      apiTimeoutMs: 20_000,
    });
    await story(cluster, servers);
    cluster.close();
  });
}

describe('a client of a cluster', () => {
  it('learns of a topic that the broker creates for it', async () => {
    await tell(async (cluster) => {
      const topic = await cluster.topic('orders', { allowAutoCreate: true });
      assert.equal(topic.partitions.length, 1);
      assert.equal(cluster.metadata.leaderOf('orders', 0)?.id, 7);
      assert.equal(cluster.metadata.controllerId, 7);
    });
  });

  it('gives up on a topic that does not come', async () => {
    await tell(async (cluster) => {
      await assert.rejects(cluster.topic('nowhere', { timeoutMs: 500 }), (error) =>
        isKafkaError(error, 'UNKNOWN_TOPIC_OR_PARTITION'),
      );
    });
  });

  it('finds the coordinator of a group, and finds it anew after it was said to have moved', async () => {
    await tell(async (cluster) => {
      assert.equal(await cluster.retry(() => cluster.coordinatorOf('group', 'g')), 7);
      assert.equal(cluster.coordinatorMoved('group', 'g', 0), false);
      assert.equal(cluster.coordinatorMoved('group', 'g', 16), true);
      assert.equal(await cluster.retry(() => cluster.coordinatorOf('group', 'g')), 7);
    });
  });

  it('finds the coordinator anew when it was a broker that has died', async () => {
    const brokers = new ScriptedBrokers();
    brokers.on(HeartbeatRequest, HeartbeatResponse, () => ({ throttleTimeMs: 0, errorCode: 0 }));
    await brokers.sim.run(async () => {
      await brokers.listen();
      const { bootstrapServers } = brokers;
      const cluster = new Cluster(brokers.sim.host('client').env, { bootstrapServers });
      const target = { coordinator: 'group', key: 'g' } as const;
      const heartbeat = { request: HeartbeatRequest, response: HeartbeatResponse };
      const beat = () => cluster.ask(target, heartbeat, { groupId: 'g', generationId: 1, memberId: 'm' });
      brokers.coordinatorId = 2;
      assert.equal((await beat()).nodeId, 2);
      brokers.coordinatorId = 1;
      brokers.alive = [1];
      await cluster.refresh();
      await assert.rejects(
        beat(),
        (error) => isKafkaError(error, 'COORDINATOR_NOT_AVAILABLE') && error.retriable,
      );
      assert.equal((await beat()).nodeId, 1);
      cluster.close();
    });
  });

  it('finds the broker again after it was away', async () => {
    await tell(async (cluster, servers) => {
      await cluster.topic('orders', { allowAutoCreate: true });
      servers.host.crash();
      await assert.rejects(cluster.refresh(), isRetriable);
      servers.host.restart();
      await servers.startBroker();
      const metadata = await cluster.retry(() => cluster.refresh());
      assert.equal(metadata.brokers.size, 1);
    });
  });

  it('rejects everything once it is closed', async () => {
    await tell(async (cluster) => {
      cluster.close();
      await assert.rejects(cluster.refresh(), (error) => isKafkaError(error, 'CLOSED'));
    });
  });
});
