import assert from 'node:assert/strict';
import { SimRandom } from '../../src/env/sim/sim-random.ts';
import { groupCodec } from '../../src/kafka/coordinator/group/group-codec.ts';
import { DEFAULT_GROUP_CONFIG } from '../../src/kafka/coordinator/group/group-config.ts';
import { GroupCoordinator } from '../../src/kafka/coordinator/group/group-coordinator.ts';
import type { CoordinatorLog } from '../../src/kafka/coordinator/ports.ts';
import { batchesIn } from '../../src/wire/kafka/records/batch.ts';
import { readAll } from '../../src/wire/kafka/records/records.ts';
import { quietLog } from '../support/group-harness.ts';
import { untar } from '../support/tar.ts';
import { VirtualTime } from '../support/virtual-time.ts';
import type { GoldenCheck, GoldenFile } from './check.ts';

/** `offsets.topic.num.partitions` of the broker that made the archives. */
const OFFSETS_PARTITIONS = 3;

/** The archives of brokers that had groups. */
const GROUPS =
  /^kafka\/logdirs\/(clean|unclean|torn-tail|missing-indexes|corrupt-old-clean)\.expected\.json\.gz$/;

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
function offsetsPartitions(archive: GoldenFile): Map<number, Buffer> {
  const segments = [...untar(archive.bytes())]
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

async function load(archive: GoldenFile): Promise<GroupCoordinator> {
  const time = new VirtualTime();
  const coordinator = new GroupCoordinator({
    env: { clock: time, timers: time, random: new SimRandom(1), log: quietLog },
    config: { ...DEFAULT_GROUP_CONFIG, offsetsTopicPartitions: OFFSETS_PARTITIONS },
    partitionLog: logOf(offsetsPartitions(archive)),
  });
  for (let partition = 0; partition < OFFSETS_PARTITIONS; partition++) await coordinator.elect(partition, 0);
  return coordinator;
}

interface Place {
  topic: string;
  partition: number;
}

const byPlace = (a: Place, b: Place) =>
  a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1;

function checkGroups(coordinator: GroupCoordinator, groups: ExpectedGroups['groups']): void {
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
    assert.deepEqual(found.sort(byPlace), [...offsets].sort(byPlace), groupId);
  }
}

function checkRewriting(archive: GoldenFile): void {
  let [groups, offsets] = [0, 0];
  for (const buffer of offsetsPartitions(archive).values()) {
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
}

const archiveOf = (file: GoldenFile) => file.sibling(file.name.replace('.expected.json.gz', '.tar.gz'));

/** `__consumer_offsets` as Apache wrote it: groups and offsets are those that Apache shows. */
export const kafkaConsumerOffsets: readonly GoldenCheck[] = [
  {
    name: 'groups and committed offsets',
    matches: (path) => GROUPS.test(path),
    *cases(file) {
      const { groups } = file.json<ExpectedGroups>();
      yield { label: 'groups', run: async () => checkGroups(await load(archiveOf(file)), groups) };
    },
  },
  {
    name: 'records of __consumer_offsets',
    matches: (path) => path === 'kafka/logdirs/clean.tar.gz',
    *cases(file) {
      yield { label: 'group records are written again as the same bytes', run: () => checkRewriting(file) };
    },
  },
];
