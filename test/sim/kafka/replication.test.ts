import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import { buildBatch } from '../../../src/wire/kafka/records/builder.ts';
import { readAll } from '../../../src/wire/kafka/records/records.ts';
import { ClusterSimulation } from '../../support/kafka/cluster-simulation.ts';
import { Fetch, FindCoordinator, OffsetCommit, OffsetFetch, Produce } from '../../support/kafka/pairs.ts';

const SETTINGS = {
  'replica.lag.time.max.ms': '3000',
  'replica.fetch.backoff.ms': '200',
  'offsets.topic.num.partitions': '3',
};

/** A story of three brokers, for several seeds. */
function story(
  name: string,
  tell: (cluster: ClusterSimulation) => Promise<void>,
  settings: Readonly<Record<string, string>> = {},
): void {
  it(name, async () => {
    for (const seed of [1, 2]) {
      const cluster = new ClusterSimulation(seed, { ...SETTINGS, ...settings });
      await cluster.sim.run(async () => {
        await cluster.start(3);
        await tell(cluster);
        cluster.end();
      });
    }
  });
}

function batch(text: string): Buffer {
  return buildBatch([{ timestamp: 1000, key: null, value: Buffer.from(text) }]);
}

async function produce(cluster: ClusterSimulation, id: number, text: string, acks = -1): Promise<number> {
  const { responses } = await cluster.ask(id, Produce, 9, {
    acks,
    timeoutMs: 5000,
    topicData: [{ name: 't', partitionData: [{ index: 0, records: batch(text) }] }],
  });
  return responses[0]?.partitionResponses[0]?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
}

const FETCH = {
  maxWaitMs: 0,
  minBytes: 0,
  topics: [{ topic: 't', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000_000 }] }],
  forgottenTopicsData: [],
};

/** What a consumer of this broker sees. */
async function consume(cluster: ClusterSimulation, id: number): Promise<string[]> {
  const { responses } = await cluster.ask(id, Fetch, 11, FETCH);
  const partition = responses[0]?.partitions[0];
  assert.equal(partition?.errorCode, ErrorCode.NONE);
  return Array.from(readAll(partition.records ?? Buffer.alloc(0)), ({ value }) => String(value));
}

function segment(cluster: ClusterSimulation, id: number): Buffer {
  const { disk } = cluster.host(id).env;
  return disk.readFile('/kafka/t-0/00000000000000000000.log');
}

const isr = async (cluster: ClusterSimulation, id?: number): Promise<number[]> =>
  (await cluster.partitions('t', id))[0]?.isr.toSorted() ?? [];

describe('replicas on three brokers', () => {
  story('have the same bytes, and an acknowledged record on each of them', async (cluster) => {
    await cluster.createTopic('t', [[1, 2, 3]], { 'min.insync.replicas': '2' });
    for (let number = 0; number < 20; number++)
      assert.equal(await produce(cluster, 1, `r${number}`), ErrorCode.NONE);
    const leader = segment(cluster, 1);
    assert.deepEqual(segment(cluster, 2), leader);
    assert.deepEqual(segment(cluster, 3), leader);
    const expected = Array.from({ length: 20 }, (_, number) => `r${number}`);
    assert.deepEqual(await consume(cluster, 1), expected);
    // Followers learn with the next fetch that the last record is committed.
    await cluster.until('followers show all records', async () => (await consume(cluster, 3)).length === 20);
  });

  story('keep serving when the leader dies, and take it in again', async (cluster) => {
    await cluster.createTopic('t', [[2, 3, 1]], { 'min.insync.replicas': '2' });
    await cluster.until('broker 2 leads', async () => (await cluster.partitions('t', 2))[0]?.leader === 2);
    assert.equal(await produce(cluster, 2, 'one'), ErrorCode.NONE);
    cluster.kill(2);
    await cluster.until('broker 3 leads', async () => (await cluster.partitions('t', 1))[0]?.leader === 3);
    assert.equal(await produce(cluster, 3, 'two'), ErrorCode.NONE);
    await cluster.startBroker(2);
    await cluster.until('broker 2 is in sync', async () => (await isr(cluster, 1)).length === 3);
    assert.equal(await produce(cluster, 3, 'three'), ErrorCode.NONE);
    assert.deepEqual(await consume(cluster, 3), ['one', 'two', 'three']);
    assert.deepEqual(segment(cluster, 2), segment(cluster, 3));
  });

  story('go on with one of three, which the others follow later', async (cluster) => {
    await cluster.createTopic('t', [[1, 2, 3]]);
    assert.equal(await produce(cluster, 1, 'one'), ErrorCode.NONE);
    cluster.kill(2);
    cluster.kill(3);
    await cluster.until('broker 1 is alone', async () => (await isr(cluster)).join() === '1');
    assert.equal(await produce(cluster, 1, 'two'), ErrorCode.NONE);
    await cluster.startBroker(2);
    await cluster.startBroker(3);
    await cluster.until('all are in sync', async () => (await isr(cluster)).join() === '1,2,3');
    assert.deepEqual(segment(cluster, 2), segment(cluster, 1));
    assert.deepEqual(segment(cluster, 3), segment(cluster, 1));
  });

  story(
    'leave the ISR when they hang, and nothing is acknowledged without enough of them',
    async (cluster) => {
      await cluster.createTopic('t', [[1, 2, 3]], { 'min.insync.replicas': '3' });
      assert.equal(await produce(cluster, 1, 'one'), ErrorCode.NONE);
      cluster.sim.network.partition(['broker-3'], ['broker-1', 'broker-2']);
      assert.equal(await produce(cluster, 1, 'two'), ErrorCode.REQUEST_TIMED_OUT);
      await cluster.until('broker 3 is out', async () => (await isr(cluster, 1)).join() === '1,2');
      assert.equal(await produce(cluster, 1, 'three'), ErrorCode.NOT_ENOUGH_REPLICAS);
      assert.deepEqual(await consume(cluster, 1), ['one']);
      cluster.sim.network.heal();
      await cluster.until('broker 3 is back', async () => (await isr(cluster, 1)).join() === '1,2,3');
      assert.equal(await produce(cluster, 1, 'four'), ErrorCode.NONE);
      assert.deepEqual(await consume(cluster, 1), ['one', 'two', 'four']);
    },
  );

  story(
    'change their ISR in ZooKeeper with an old protocol',
    async (cluster) => {
      await cluster.createTopic('t', [[1, 2, 3]]);
      assert.equal(await produce(cluster, 1, 'one'), ErrorCode.NONE);
      cluster.kill(3);
      await cluster.until('broker 3 is out', async () => (await isr(cluster, 1)).join() === '1,2');
      assert.equal(await produce(cluster, 1, 'two'), ErrorCode.NONE);
      await cluster.startBroker(3);
      await cluster.until('broker 3 is in', async () => (await isr(cluster, 2)).join() === '1,2,3', 60_000);
      assert.deepEqual(segment(cluster, 3), segment(cluster, 1));
    },
    { 'inter.broker.protocol.version': '2.6' },
  );

  story('send consumers to a replica in their rack', async (cluster) => {
    const selector = 'org.apache.kafka.common.replica.RackAwareReplicaSelector';
    for (const id of [1, 2, 3]) {
      await cluster.stop(id);
      await cluster.startBroker(id, { 'broker.rack': `rack-${id}`, 'replica.selector.class': selector });
    }
    await cluster.createTopic('t', [[1, 2, 3]]);
    await cluster.until('all are in sync', async () => (await isr(cluster, 1)).length === 3);
    const leader = (await cluster.partitions('t', 1))[0]?.leader ?? 0;
    assert.equal(await produce(cluster, leader, 'one'), ErrorCode.NONE);
    const [near = 0] = [1, 2, 3].filter((id) => id !== leader);
    const preferred = async (id: number, rack: number): Promise<number | undefined> => {
      const { responses } = await cluster.ask(id, Fetch, 11, { ...FETCH, rackId: `rack-${rack}` });
      return responses[0]?.partitions[0]?.preferredReadReplica;
    };
    await cluster.until('it is sent there', async () => (await preferred(leader, near)) === near);
    assert.deepEqual([await preferred(leader, leader), await preferred(near, near)], [-1, -1]);
    await cluster.until(
      'it finds the record there',
      async () => (await consume(cluster, near)).join() === 'one',
    );
  });

  story('keep the offsets of groups when their coordinator dies', async (cluster) => {
    await cluster.createTopic('t', [[1, 2, 3]]);
    const coordinator = async (id: number): Promise<number> => {
      const { nodeId, errorCode } = await cluster.ask(id, FindCoordinator, 2, { key: 'g', keyType: 0 });
      return errorCode === ErrorCode.NONE ? nodeId : 0;
    };
    await cluster.until('there is a coordinator', async () => (await coordinator(1)) > 0);
    const first = await coordinator(1);
    const commit = async (id: number, committedOffset: number): Promise<number | undefined> => {
      const partitions = [
        { partitionIndex: 0, committedOffset, committedLeaderEpoch: -1, committedMetadata: null },
      ];
      const { topics } = await cluster.ask(id, OffsetCommit, 7, {
        groupId: 'g',
        generationIdOrMemberEpoch: -1,
        memberId: '',
        topics: [{ name: 't', partitions }],
      });
      return topics[0]?.partitions[0]?.errorCode;
    };
    await cluster.until('it has taken an offset', async () => (await commit(first, 42)) === ErrorCode.NONE);
    cluster.kill(first);
    const others = [1, 2, 3].filter((id) => id !== first);
    const [survivor = 0] = others;
    await cluster.until('there is another', async () => others.includes(await coordinator(survivor)));
    const second = await coordinator(survivor);
    await cluster.until('it knows the offset', async () => {
      const { topics } = await cluster.ask(second, OffsetFetch, 5, {
        groupId: 'g',
        topics: [{ name: 't', partitionIndexes: [0] }],
      });
      return topics[0]?.partitions[0]?.committedOffset === 42;
    });
    await cluster.until('and takes the next', async () => (await commit(second, 43)) === ErrorCode.NONE);
  });
});
