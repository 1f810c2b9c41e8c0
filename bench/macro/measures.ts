import assert from 'node:assert/strict';
import type { Figure, Load, LoadTogether } from './figures.ts';
import { consume, endToEnd, memory, produce, produceWarm, residentMegabytes } from './kafka-loads.ts';
import { zookeeperFigures, zookeeperLoad } from './zookeeper-load.ts';

const zookeeper: LoadTogether = {
  figures: zookeeperFigures('ZooKeeper'),
  async measureAll(beds) {
    const [first] = beds;
    assert.ok(first !== undefined);
    const { toolbox, quick } = first;
    const counts = quick ? { single: 200, pipelined: 2000 } : { single: 2000, pipelined: 20_000 };
    const servers = beds.map(({ target }) => target.zookeeper);
    return zookeeperLoad({ toolbox, prefix: 'ZooKeeper', servers, ...counts });
  },
};

/** The load of the first row, in full. */
export const kilobyteRecords = { records: 400_000, size: 1000 };

/** Measured on freshly started servers. */
export const startFigures = {
  ready: { name: 'start to ready', unit: 'ms', better: 'less' },
  memory: { name: 'memory idle', unit: 'MB', better: 'less' },
  produce: { name: 'produce 1 KB, 1 partition, servers just started', unit: 'MB/s', better: 'more' },
} as const satisfies Record<string, Figure>;

/** In the order in which they run; memory comes last. */
export const loads: readonly Load[] = [
  produce('produce 1 KB, 1 partition', 1, kilobyteRecords),
  produceWarm('produce 1 KB, 1 partition, load tool warm', 1, kilobyteRecords),
  produce('produce 100 B, 1 partition', 1, { records: 2_000_000, size: 100 }),
  produce('produce 1 KB lz4, 6 partitions', 6, {
    records: 400_000,
    size: 1000,
    props: ['compression.type=lz4', 'batch.size=131072', 'linger.ms=5'],
  }),
  consume('consume 1 KB'),
  endToEnd('end to end'),
  zookeeper,
  memory('memory loaded', residentMegabytes),
];
