import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import type { Target } from '../../tools/peers/targets.ts';
import type { Toolbox } from '../../tools/peers/toolbox.ts';
import { zookeeperFigures, zookeeperLoad } from './zookeeper-load.ts';

export interface Sample {
  readonly name: string;
  readonly value: number;
}

export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly better: 'more' | 'less';
}

/** What a load runs on. */
export interface Bed {
  readonly toolbox: Toolbox;
  readonly target: Target;
  readonly quick: boolean;
}

/** A load that is ready to be repeated on one server. */
interface Run {
  measure(): Promise<Sample[]>;
  /** Takes back what `prepare` made. */
  end(): Promise<void>;
}

/** A load on one server after the other. */
export interface LoadApart {
  readonly figures: readonly Figure[];
  /** Makes what the load needs, and warms up the server. */
  prepare(bed: Bed): Promise<Run>;
}

/** A load that goes to and fro between the servers itself. */
export interface LoadTogether {
  readonly figures: readonly Figure[];
  /** The samples of each server, in the order of the beds. */
  measureAll(beds: readonly Bed[]): Promise<Sample[][]>;
}

export type Load = LoadApart | LoadTogether;

const tools = 'org.apache.kafka.tools';

/** Resident memory of the servers, in MB. */
export function residentMegabytes(target: Target): number {
  return target.pids.reduce((sum, pid) => {
    const match = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+) kB/m);
    return sum + Number(match?.[1] ?? 0) / 1024;
  }, 0);
}

async function withAdmin<T>(target: Target, action: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Kafka({ brokers: [target.bootstrap], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await action(admin);
  } finally {
    await admin.disconnect();
  }
}

function createTopic(target: Target, partitions: number): Promise<string> {
  const topic = `bench-${randomUUID().slice(0, 8)}`;
  return withAdmin(target, async (admin) => {
    await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true });
    return topic;
  });
}

function deleteTopic(target: Target, topic: string): Promise<void> {
  return withAdmin(target, (admin) => admin.deleteTopics({ topics: [topic] }));
}

/** Runs one of Kafka's own load tools; resolves to what it prints. */
async function tool({ toolbox }: Bed, mainClass: string, args: string[]): Promise<string> {
  const { stdout } = await toolbox.javaLoad(await toolbox.apache(), `${tools}.${mainClass}`, args);
  return stdout;
}

function captured(text: string, pattern: RegExp): number[] {
  const match = text.match(pattern);
  assert.ok(match !== null, `no result in: ${text}`);
  return match.slice(1).map(Number);
}

interface Produce {
  records: number;
  size: number;
  props?: string[];
}

/** Throughput in MB/s and the 99th percentile of the time to an acknowledgement in ms. */
async function producerPerf(
  bed: Bed,
  topic: string,
  { records, size, props = [] }: Produce,
): Promise<{ mbPerSecond: number; p99Ms: number }> {
  const sizes = ['--num-records', `${records}`, '--record-size', `${size}`, '--throughput', '-1'];
  const producer = ['--producer-props', `bootstrap.servers=${bed.target.bootstrap}`, 'acks=all', ...props];
  const text = await tool(bed, 'ProducerPerformance', ['--topic', topic, ...sizes, ...producer]);
  const last = text.trim().split('\n').at(-1) ?? '';
  const [mbPerSecond = Number.NaN, p99Ms = Number.NaN] = captured(
    last,
    /\(([\d.]+) MB\/sec\).* ([\d.]+) ms 99th/,
  );
  return { mbPerSecond, p99Ms };
}

function produce(name: string, partitions: number, full: Produce): LoadApart {
  return {
    figures: [
      { name, unit: 'MB/s', better: 'more' },
      { name: `${name}, p99`, unit: 'ms', better: 'less' },
    ],
    async prepare(bed) {
      const records = bed.quick ? full.records / 20 : full.records;
      const once = async (load: Produce) => {
        const topic = await createTopic(bed.target, partitions);
        const result = await producerPerf(bed, topic, load);
        await deleteTopic(bed.target, topic);
        return result;
      };
      await once({ ...full, records: records / 4 });
      return {
        async measure() {
          const { mbPerSecond, p99Ms } = await once({ ...full, records });
          return [
            { name, value: mbPerSecond },
            { name: `${name}, p99`, value: p99Ms },
          ];
        },
        end: async () => undefined,
      };
    },
  };
}

const consume: LoadApart = {
  figures: [{ name: 'consume 1 KB', unit: 'MB/s', better: 'more' }],
  async prepare(bed) {
    const { target, quick } = bed;
    const topic = await createTopic(target, 6);
    const records = quick ? 20_000 : 500_000;
    await producerPerf(bed, topic, { records, size: 1000 });
    const measure = async () => {
      const what = ['--bootstrap-server', target.bootstrap, '--topic', topic, '--messages', `${records}`];
      const how = ['--hide-header', '--timeout', '60000'];
      const text = await tool(bed, 'ConsumerPerformance', [...what, ...how]);
      // start, end, MB, MB/s, records, records/s, rebalance ms, fetch ms, fetch MB/s, fetch records/s
      const fields = (text.trim().split('\n').at(-1) ?? '').split(',').map(Number);
      assert.ok((fields[4] ?? 0) >= records, text);
      return [{ name: 'consume 1 KB', value: fields[8] ?? Number.NaN }];
    };
    await measure();
    return { measure, end: () => deleteTopic(target, topic) };
  },
};

const endToEnd: LoadApart = {
  figures: [
    { name: 'end to end, average', unit: 'ms', better: 'less' },
    { name: 'end to end, p99', unit: 'ms', better: 'less' },
  ],
  async prepare(bed) {
    const { target, quick } = bed;
    const topic = await createTopic(target, 1);
    const measure = async () => {
      const count = quick ? '500' : '5000';
      const text = await tool(bed, 'EndToEndLatency', [target.bootstrap, topic, count, 'all', '100']);
      const [average = Number.NaN] = captured(text, /Avg latency: ([\d.]+) ms/);
      // The tool prints whole milliseconds, too coarse for the median.
      const [p99 = Number.NaN] = captured(text, /99th = (\d+)/);
      return [
        { name: 'end to end, average', value: average },
        { name: 'end to end, p99', value: p99 },
      ];
    };
    return { measure, end: () => deleteTopic(target, topic) };
  },
};

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

const loadedMemory: LoadApart = {
  figures: [{ name: 'memory loaded', unit: 'MB', better: 'less' }],
  async prepare({ target }) {
    return {
      measure: async () => [{ name: 'memory loaded', value: residentMegabytes(target) }],
      end: async () => undefined,
    };
  },
};

/** Measured on freshly started servers. */
export const startFigures: readonly Figure[] = [
  { name: 'start to ready', unit: 'ms', better: 'less' },
  { name: 'memory idle', unit: 'MB', better: 'less' },
];

/** In the order in which they run; memory comes last. */
export const loads: readonly Load[] = [
  produce('produce 1 KB, 1 partition', 1, { records: 400_000, size: 1000 }),
  produce('produce 100 B, 1 partition', 1, { records: 2_000_000, size: 100 }),
  produce('produce 1 KB lz4, 6 partitions', 6, {
    records: 400_000,
    size: 1000,
    props: ['compression.type=lz4', 'batch.size=131072', 'linger.ms=5'],
  }),
  consume,
  endToEnd,
  zookeeper,
  loadedMemory,
];
