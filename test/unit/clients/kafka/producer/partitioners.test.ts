import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TopicInfo } from '../../../../../src/clients/kafka/cluster/cluster-metadata.ts';
import { isKafkaError } from '../../../../../src/clients/kafka/kafka-error.ts';
import { PartitionQueue } from '../../../../../src/clients/kafka/producer/partition-queue.ts';
import {
  availablePartitions,
  createPartitioner,
  type Partitioner,
  type PartitionerName,
  partitionOfKey,
} from '../../../../../src/clients/kafka/producer/partitioners.ts';
import { PreparedRecord } from '../../../../../src/clients/kafka/producer/prepared-record.ts';
import { ProducerBatch } from '../../../../../src/clients/kafka/producer/producer-batch.ts';
import { SimRandom } from '../../../../../src/env/sim/sim-random.ts';

const NOBODY = { acknowledged: () => undefined, failed: () => undefined };
const FORMAT = { compression: 'none', compressionLevel: undefined, transactional: false } as const;

/** A topic whose partitions have these leaders. */
function topicOf(leaders: readonly number[]): TopicInfo {
  return {
    name: 't',
    topicId: 'id',
    isInternal: false,
    authorizedOperations: undefined,
    partitions: leaders.map((leader, partition) => ({
      partition,
      leader,
      leaderEpoch: 0,
      replicas: [],
      isr: [],
      offlineReplicas: [],
    })),
  };
}

function recordOf(key: string | null): PreparedRecord {
  return new PreparedRecord(
    { topic: 't', partition: -1, timestamp: 0 },
    { key: key === null ? null : Buffer.from(key), value: 'x'.repeat(60), headers: undefined },
    NOBODY,
    0,
  );
}

interface Story {
  readonly partitioner: PartitionerName | Partitioner;
  readonly leaders: readonly number[];
  readonly queues?: readonly PartitionQueue[];
}

/** The partitions of records, each of which fills a batch. */
function choices({ partitioner, leaders, queues = [] }: Story, keys: readonly (string | null)[]): number[] {
  const info = topicOf(leaders);
  const topic = { info, available: availablePartitions(info), queues };
  const chosen = createPartitioner({ partitioner, batchBytes: 10 }, new SimRandom(3));
  return keys.map((key) => {
    const record = recordOf(key);
    record.partition = chosen.choose(record, topic);
    chosen.appended(record, true, topic);
    return record.partition;
  });
}

const noKeys = (count: number) => Array<null>(count).fill(null);
const share = (list: readonly number[], partition: number) =>
  list.filter((each) => each === partition).length / list.length;

describe('partitions are chosen', () => {
  it('by key, leader or not', () => {
    const keys = Array.from({ length: 50 }, (_, i) => `key ${i}`);
    assert.deepEqual(
      choices({ partitioner: 'default', leaders: [0, -1, 1, -1] }, keys),
      keys.map((key) => partitionOfKey(Buffer.from(key), 4)),
    );
  });

  it('evenly among those with a leader where there is no key, or keys are not asked for', () => {
    for (const [partitioner, keys] of [
      ['default', noKeys(4000)],
      ['uniformSticky', Array<string>(4000).fill('the same')],
    ] as const) {
      const list = choices({ partitioner, leaders: [0, -1, 1, 2] }, keys);
      assert.equal(share(list, 1), 0);
      for (const partition of [0, 2, 3]) assert.ok(Math.abs(share(list, partition) - 1 / 3) < 0.05);
    }
  });

  it('the more rarely, the more waits for a partition', () => {
    const queues = [0, 1, 2].map((partition) => new PartitionQueue('t', partition));
    const [, , slow] = queues;
    assert.ok(slow !== undefined);
    // Weights are 4, 4 and 1.
    for (let i = 0; i < 3; i++) slow.batches.push(new ProducerBatch(slow, Buffer.alloc(100), 0, FORMAT));
    const list = choices({ partitioner: 'default', leaders: [0, 1, 2], queues }, noKeys(4000));
    assert.ok(Math.abs(share(list, 2) - 1 / 9) < 0.03, `${share(list, 2)}`);
  });

  it('and kept until a batch is full', () => {
    const topic = { info: topicOf([0, 1, 2, 3]), available: [0, 1, 2, 3], queues: [] };
    const sticky = createPartitioner({ partitioner: 'default', batchBytes: 1000 }, new SimRandom(1));
    const partitions: number[] = [];
    for (let i = 0; i < 400; i++) {
      const record = recordOf(null);
      record.partition = sticky.choose(record, topic);
      sticky.appended(record, false, topic);
      partitions.push(record.partition);
    }
    const changes = partitions.filter((partition, i) => i > 0 && partition !== partitions[i - 1]).length;
    // Two batches' worth, since none is said to be full; some changes come back to the same partition.
    assert.ok(changes > 5 && changes < 25, `${changes} changes`);
  });

  it('in turn, those with a leader first', () => {
    assert.deepEqual(choices({ partitioner: 'roundRobin', leaders: [0, -1, 1] }, noKeys(4)), [0, 2, 0, 2]);
    assert.deepEqual(choices({ partitioner: 'roundRobin', leaders: [-1, -1] }, noKeys(3)), [0, 1, 0]);
  });

  it("by a function of one's own", () => {
    const partitioner: Partitioner = ({ key, partitionCount, available }) => {
      assert.deepEqual([partitionCount, available], [2, [0, 1]]);
      return key === null ? 0 : 1;
    };
    assert.deepEqual(choices({ partitioner, leaders: [0, 1] }, [null, 'k']), [0, 1]);
    for (const wrong of [-1, 2, 0.5, Number.NaN]) {
      assert.throws(
        () => choices({ partitioner: () => wrong, leaders: [0, 1] }, [null]),
        (error) => isKafkaError(error, 'INVALID_ARGUMENT'),
      );
    }
  });
});
