import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startBroker } from '../../../src/kafka/server/broker.ts';
import { loadBrokerConfig } from '../../../src/kafka/server/config/broker-config.ts';
import {
  BrokerSimulation,
  countNumbers,
  createTopic,
  NumberWriter,
} from '../../support/kafka/broker-simulation.ts';
import { CreateTopics, DescribeCluster, Fetch } from '../../support/kafka/pairs.ts';
import { ConnectionLostError, RawKafkaClient } from '../../support/kafka/raw-kafka-client.ts';

describe('a broker that is closed', () => {
  it('in the middle of writes has what it acknowledged, and needs no recovery', async () => {
    for (const seed of [1, 2, 3]) {
      const cluster = new BrokerSimulation(seed);
      const { sim, host } = cluster;
      await sim.run(async () => {
        await cluster.startZooKeeper();
        const broker = await cluster.startBroker();
        const setup = await cluster.connect();
        await createTopic(setup);
        await cluster.leaderEpoch(setup);
        const writer = new NumberWriter(await cluster.connect(), sim, 0);
        const writing = writer.run();
        await sim.advance(20 + sim.random.below(300));
        const beganMs = sim.nowMs;
        await broker.close();
        assert.ok(sim.nowMs - beganMs < 1000, `closing took ${sim.nowMs - beganMs} ms`);
        await writing;
        assert.ok(writer.acknowledged > 0);
        assert.equal(host.env.disk.stat('/kafka/.kafka_cleanshutdown')?.kind, 'file');

        await cluster.startBroker();
        const reader = await cluster.connect();
        const count = await countNumbers(reader, await cluster.leaderEpoch(reader));
        assert.ok(count >= writer.acknowledged && count <= writer.sent, `${count} of ${writer.acknowledged}`);
        host.kill();
        sim.host('zk').kill();
      });
    }
  });

  it('lets a fetch that waits go, and refuses further connections', async () => {
    const cluster = new BrokerSimulation(4);
    const { sim, host } = cluster;
    await sim.run(async () => {
      await cluster.startZooKeeper();
      const broker = await cluster.startBroker();
      const client = await cluster.connect();
      await createTopic(client);
      await cluster.leaderEpoch(client);
      const partition = { partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 };
      const waiting = client.call(Fetch, 4, {
        maxWaitMs: 30_000,
        minBytes: 1,
        topics: [{ topic: 'numbers', partitions: [partition] }],
        forgottenTopicsData: [],
      });
      const lost = assert.rejects(waiting, ConnectionLostError);
      await sim.advance(100);
      await broker.close();
      await lost;
      await assert.rejects(cluster.connect(), { code: 'ECONNREFUSED' });
      host.kill();
      sim.host('zk').kill();
    });
  });

  it('is gone from ZooKeeper at once, so that its next life need not wait', async () => {
    const cluster = new BrokerSimulation(5);
    const { sim, host } = cluster;
    await sim.run(async () => {
      await cluster.startZooKeeper();
      const broker = await cluster.startBroker();
      await broker.close();
      const beganMs = sim.nowMs;
      const again = await cluster.startBroker();
      assert.ok(sim.nowMs - beganMs < 1000, `the second start took ${sim.nowMs - beganMs} ms`);
      await again.close();
      await again.close();
      host.kill();
      sim.host('zk').kill();
    });
  });

  it('closes its logs cleanly although ZooKeeper is away, at any moment of the making of a topic', async () => {
    for (let goneAfterMs = 0; goneAfterMs < 24; goneAfterMs += 2) {
      const cluster = new BrokerSimulation(6);
      const { sim, host } = cluster;
      await sim.run(async () => {
        await cluster.startZooKeeper();
        const broker = await cluster.startBroker();
        const client = await cluster.connect();
        const topic = { name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
        const made = client
          .call(CreateTopics, 5, { topics: [topic], timeoutMs: 60_000 })
          .catch(() => undefined);
        await sim.advance(goneAfterMs);
        sim.host('zk').kill();
        await sim.advance(50);
        const beganMs = sim.nowMs;
        await broker.close();
        assert.ok(sim.nowMs - beganMs < 10_000, `closing took ${sim.nowMs - beganMs} ms`);
        await made;
        assert.equal(host.env.disk.stat('/kafka/.kafka_cleanshutdown')?.kind, 'file');
        host.kill();
      });
    }
  });
});

describe('a second broker', () => {
  it('under a chroot is the first of a cluster of its own', async () => {
    const cluster = new BrokerSimulation(7);
    const { sim, host } = cluster;
    await sim.run(async () => {
      await cluster.startZooKeeper();
      await cluster.startBroker();
      const other = sim.host('other');
      const properties = {
        'broker.id': '8',
        listeners: 'PLAINTEXT://other:9092',
        'log.dirs': '/kafka',
        'zookeeper.connect': 'zk:2181',
      };
      const start = (changes: Record<string, string> = {}) => {
        const given = Object.entries({ ...properties, ...changes }).map(([key, value]) => ({
          key,
          value,
          where: '',
        }));
        return startBroker(other.env, loadBrokerConfig(given).config);
      };
      const apart = await start({ 'zookeeper.connect': 'zk:2181/apart' });
      const client = await RawKafkaClient.connect(sim.host('client').env.net, { host: 'other', port: 9092 });
      const { brokers } = await client.call(DescribeCluster, 0, {
        includeClusterAuthorizedOperations: false,
      });
      assert.deepEqual(
        brokers.map(({ brokerId }) => brokerId),
        [8],
      );
      await apart.close();
      host.kill();
      other.kill();
      sim.host('zk').kill();
    });
  });
});
