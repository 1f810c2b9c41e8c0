import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import { buildBatch } from '../../../src/wire/kafka/records/builder.ts';
import { ClusterSimulation } from '../../support/kafka/cluster-simulation.ts';
import { AlterPartitionReassignments, CreateTopics, Metadata, Produce } from '../../support/kafka/pairs.ts';

async function produce(cluster: ClusterSimulation, topic: string, leader: number): Promise<number> {
  const records = buildBatch([{ timestamp: 1000, key: null, value: Buffer.from('one') }]);
  const { responses } = await cluster.ask(leader, Produce, 3, {
    transactionalId: null,
    acks: -1,
    timeoutMs: 5000,
    topicData: [{ name: topic, partitionData: [{ index: 0, records }] }],
  });
  return responses[0]?.partitionResponses[0]?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
}

describe('three brokers with inter.broker.protocol.version', () => {
  const protocols = ['0.11.0', '1.0', '2.0', '2.2', '2.4', '2.6', '2.7', '2.8', '3.2', '3.4', '3.9'];
  for (const protocol of protocols) {
    it(`${protocol} replicate, fail over and move replicas`, async () => {
      const cluster = new ClusterSimulation(5, {
        'inter.broker.protocol.version': protocol,
        'replica.lag.time.max.ms': '2000',
        'replica.fetch.backoff.ms': '100',
      });
      await cluster.sim.run(async () => {
        await cluster.start(3);
        await cluster.createTopic('t', [[2, 1]]);
        await cluster.until(
          'broker 2 leads',
          async () => (await cluster.partitions('t', 2))[0]?.leader === 2,
        );
        assert.equal(await produce(cluster, 't', 2), ErrorCode.NONE);
        cluster.kill(2);
        await cluster.until(
          'broker 1 leads',
          async () => (await cluster.partitions('t', 1))[0]?.leader === 1,
        );
        assert.equal(await produce(cluster, 't', 1), ErrorCode.NONE);
        await cluster.askController(AlterPartitionReassignments, 0, {
          timeoutMs: 10_000,
          topics: [{ name: 't', partitions: [{ partitionIndex: 0, replicas: [3, 1] }] }],
        });
        await cluster.until('broker 3 is in sync', async () => {
          const [partition] = await cluster.partitions('t', 1);
          return partition?.replicas.join() === '3,1' && partition.isr.toSorted().join() === '1,3';
        });
        await cluster.startBroker(2);
        cluster.end();
      });
    });
  }
});

describe('a broker that is not the controller', () => {
  it('sends operators on, and creates what clients ask for itself', async () => {
    const cluster = new ClusterSimulation(6, { 'num.partitions': '2' });
    await cluster.sim.run(async () => {
      await cluster.start(2);
      const topic = { name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
      const { topics } = await cluster.ask(2, CreateTopics, 5, { topics: [topic], timeoutMs: 1000 });
      assert.equal(topics[0]?.errorCode, ErrorCode.NOT_CONTROLLER);
      const moves = await cluster.ask(2, AlterPartitionReassignments, 0, { timeoutMs: 1000, topics: [] });
      assert.equal(moves.errorCode, ErrorCode.NOT_CONTROLLER);
      await cluster.ask(2, Metadata, 9, {
        topics: [{ name: 'asked-for' }],
        allowAutoTopicCreation: true,
        includeClusterAuthorizedOperations: false,
        includeTopicAuthorizedOperations: false,
      });
      await cluster.until('it is there', async () => (await cluster.partitions('asked-for', 1)).length === 2);
      cluster.end();
    });
  });
});

describe('brokers with a listener of their own', () => {
  it('reach each other there, and tell clients of theirs', async () => {
    const cluster = new ClusterSimulation(7, {
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT',
      'inter.broker.listener.name': 'INTERNAL',
    });
    await cluster.sim.run(async () => {
      await cluster.startZooKeeper();
      for (const id of [1, 2]) {
        await cluster.startBroker(id, {
          listeners: `PLAINTEXT://broker-${id}:9092,INTERNAL://broker-${id}:9093`,
        });
      }
      await cluster.createTopic('t', [[2, 1]]);
      await cluster.until('broker 2 leads', async () => (await cluster.partitions('t', 2))[0]?.leader === 2);
      assert.equal(await produce(cluster, 't', 2), ErrorCode.NONE);
      const { brokers } = await cluster.metadata(2, []);
      assert.deepEqual(
        brokers.map(({ host, port }) => [host, port]),
        [
          ['broker-1', 9092],
          ['broker-2', 9092],
        ],
      );
      cluster.end();
    });
  });
});
