import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_GROUP_CONFIG } from '../../../src/kafka/coordinator/group/group-config.ts';
import { groupCodec } from '../../../src/kafka/coordinator/group/group-codec.ts';
import { GroupCoordinator } from '../../../src/kafka/coordinator/group/group-coordinator.ts';
import type { CoordinatorLog } from '../../../src/kafka/coordinator/ports.ts';
import { SimRandom } from '../../../src/env/sim/sim-random.ts';
import { batchesIn } from '../../../src/wire/kafka/records/batch.ts';
import { readAll } from '../../../src/wire/kafka/records/records.ts';
import { goldenFile, goldenJson } from '../../support/golden.ts';
import { quietLog } from '../../support/group-harness.ts';
import { untar } from '../../support/tar.ts';
import { VirtualTime } from '../../support/virtual-time.ts';

/** `offsets.topic.num.partitions` of the broker that made the archives. */
const OFFSETS_PARTITIONS = 3;

interface ExpectedGroups {
  groups: Record<
    string,
    {
      state: string;
      offsets: { topic: string; partition: number; offset: number; leaderEpoch: number; metadata: string }[];
    }
  >;
}

/** The partitions of `__consumer_offsets` in a log directory of Apache's broker: all segments, in order. */
function offsetsPartitions(archive: string): Map<number, Buffer> {
  const segments = [...untar(goldenFile(`kafka/logdirs/${archive}.tar.gz`))]
      .map(([path, data]) => ({ data, match: /__consumer_offsets-(\d+)\/\d+\.log$/.exec(path), path }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const partitions = new Map<number, Buffer>();
  for (const { data, match } of segments) {
    if (match === null) continue;
    const partition = Number(match[1]);
    partitions.set(partition, Buffer.concat([partitions.get(partition) ?? Buffer.alloc(0), data]));
  }
  return partitions;
}

function logOf(partitions: ReadonlyMap<number, Buffer>): CoordinatorLog {
  return {
    append: () => assert.fail('nothing is written'),
    maxBatchBytes: () => 1_000_000,
    async read(partition, fromOffset) {
      const records = partitions.get(partition) ?? Buffer.alloc(0);
      const end = [...batchesIn(records)].at(-1)?.nextOffset ?? 0;
      const rest = fromOffset === undefined ? records : Buffer.alloc(0);
      return { records: rest, logStartOffset: 0, logEndOffset: end, highWatermark: end };
    },
  };
}

async function load(archive: string): Promise<GroupCoordinator> {
  const time = new VirtualTime();
  const coordinator = new GroupCoordinator({
    env: { clock: time, timers: time, random: new SimRandom(1), log: quietLog },
    config: { ...DEFAULT_GROUP_CONFIG, offsetsTopicPartitions: OFFSETS_PARTITIONS },
    partitionLog: logOf(offsetsPartitions(archive)),
  });
  for (let partition = 0; partition < OFFSETS_PARTITIONS; partition++) await coordinator.elect(partition, 0);
  return coordinator;
}

describe('__consumer_offsets as Apache wrote it', () => {
  for (const archive of ['clean', 'unclean', 'torn-tail', 'missing-indexes', 'corrupt-old-clean']) {
    it(`${archive}: groups and offsets are those that Apache shows`, async () => {
      const { groups } = goldenJson<ExpectedGroups>(`kafka/logdirs/${archive}.expected.json.gz`);
      const coordinator = await load(archive);
      const listed = coordinator.list([], []).groups.map(({ groupId, state }) => [groupId, state]);
      assert.deepEqual(
        new Map(listed as [string, string][]),
        new Map(Object.entries(groups).map(([groupId, { state }]) => [groupId, state])),
      );
      for (const [groupId, { offsets }] of Object.entries(groups)) {
        const { topics } = coordinator.fetchOffsets(groupId, null, true);
        const found = topics.flatMap(({ topic, partitions }) =>
          partitions.map(({ partition, offset, leaderEpoch, metadata }) => ({
            topic,
            partition,
            offset,
            leaderEpoch,
            metadata,
          })),
        );
        const order = (a: { topic: string; partition: number }, b: { topic: string; partition: number }) =>
          a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1;
        assert.deepEqual(found.sort(order), [...offsets].sort(order), groupId);
      }
    });
  }

  it('every record is written again as the very same bytes', () => {
    let groups = 0;
    let offsets = 0;
    for (const buffer of offsetsPartitions('clean').values()) {
      for (const batch of batchesIn(buffer)) {
        if (batch.isControl) continue;
        for (const { key, value } of readAll(batch.bytes())) {
          assert.ok(key !== null);
          const record = groupCodec.decode(key, value);
          assert.ok(record !== undefined);
          if (record.type === 'group') groups++;
          else offsets++;
          assert.deepEqual(groupCodec.encode(record), { key, value });
        }
      }
    }
    assert.ok(groups > 5 && offsets > 5, `${groups} groups and ${offsets} offsets are enough to tell`);
  });
});
