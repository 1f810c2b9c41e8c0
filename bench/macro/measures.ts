import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Kafka, logLevel } from 'kafkajs';
import type { Target } from '../../tools/peers/targets.ts';
import type { Toolbox } from '../../tools/peers/toolbox.ts';

export interface Sample {
  readonly name: string;
  readonly value: number;
}

export interface Run {
  readonly toolbox: Toolbox;
  readonly target: Target;
  readonly quick: boolean;
}

export interface Measure {
  readonly name: string;
  readonly figures: readonly { name: string; unit: string; better: 'more' | 'less' }[];
  run(run: Run): Promise<Sample[]>;
}

const tools = 'org.apache.kafka.tools';

/** Resident memory of the servers, in MB. */
function residentMegabytes(target: Target): number {
  return target.pids.reduce((sum, pid) => {
    const match = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+) kB/m);
    return sum + Number(match?.[1] ?? 0) / 1024;
  }, 0);
}

async function createTopic(target: Target, partitions: number): Promise<string> {
  const topic = `bench-${randomUUID().slice(0, 8)}`;
  const admin = new Kafka({ brokers: [target.bootstrap], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true });
  await admin.disconnect();
  return topic;
}

/** Java's load tools with a full JIT: they are the load, not what is measured. */
async function tool(run: Run, mainClass: string, args: string[]): Promise<string> {
  const { stdout } = await run.toolbox.javaLoad(await run.toolbox.apache(), mainClass, args);
  return stdout;
}

interface Produce {
  topic: string;
  records: number;
  size: number;
  props?: string[];
}

async function producerPerf(
  run: Run,
  { topic, records, size, props = [] }: Produce,
): Promise<{ mbPerSecond: number; p99Ms: number }> {
  const sizes = ['--num-records', `${records}`, '--record-size', `${size}`, '--throughput', '-1'];
  const producer = ['--producer-props', `bootstrap.servers=${run.target.bootstrap}`, 'acks=all', ...props];
  const text = await tool(run, `${tools}.ProducerPerformance`, ['--topic', topic, ...sizes, ...producer]);
  const last = text.trim().split('\n').at(-1) ?? '';
  const match = last.match(/\(([\d.]+) MB\/sec\).* ([\d.]+) ms 99th/);
  assert.ok(match !== null, `no result in: ${text}`);
  return { mbPerSecond: Number(match[1]), p99Ms: Number(match[2]) };
}

function produceMeasure(name: string, partitions: number, full: Omit<Produce, 'topic'>): Measure {
  return {
    name,
    figures: [
      { name, unit: 'MB/s', better: 'more' },
      { name: `${name}, p99`, unit: 'ms', better: 'less' },
    ],
    async run(run) {
      const topic = await createTopic(run.target, partitions);
      const records = run.quick ? full.records / 20 : full.records;
      // The first load warms up both JITs; only the second counts.
      await producerPerf(run, { ...full, topic, records: records / 4 });
      const { mbPerSecond, p99Ms } = await producerPerf(run, { ...full, topic, records });
      return [
        { name, value: mbPerSecond },
        { name: `${name}, p99`, value: p99Ms },
      ];
    },
  };
}

const consume: Measure = {
  name: 'consume 1 KB',
  figures: [{ name: 'consume 1 KB', unit: 'MB/s', better: 'more' }],
  async run(run) {
    const topic = await createTopic(run.target, 6);
    const records = run.quick ? 20_000 : 600_000;
    await producerPerf(run, { topic, records, size: 1000 });
    const args = ['--bootstrap-server', run.target.bootstrap, '--topic', topic, '--messages', `${records}`];
    const text = await tool(run, `${tools}.ConsumerPerformance`, [
      ...args,
      '--hide-header',
      '--timeout',
      '60000',
    ]);
    const fields = (text.trim().split('\n').at(-1) ?? '').split(',').map((field) => field.trim());
    // start, end, MB, MB/s, records, records/s, rebalance ms, fetch ms, fetch MB/s, fetch records/s
    assert.ok(Number(fields[4]) >= records, text);
    return [{ name: 'consume 1 KB', value: Number(fields[8]) }];
  },
};

const endToEnd: Measure = {
  name: 'end to end',
  figures: [
    { name: 'end to end, average', unit: 'ms', better: 'less' },
    { name: 'end to end, p99', unit: 'ms', better: 'less' },
  ],
  async run(run) {
    const topic = await createTopic(run.target, 1);
    const text = await tool(run, `${tools}.EndToEndLatency`, [
      run.target.bootstrap,
      topic,
      run.quick ? '500' : '5000',
      'all',
      '100',
    ]);
    const match = text.match(/99th = (\d+)/);
    assert.ok(match !== null, text);
    const average = text.match(/Avg latency: ([\d.]+) ms/);
    assert.ok(average !== null, text);
    return [
      { name: 'end to end, average', value: Number(average[1]) },
      { name: 'end to end, p99', value: Number(match[1]) },
    ];
  },
};

const zookeeperFigures = ['create', 'set', 'get'].flatMap((op) => [`${op}-single`, `${op}-pipelined`]);

const zookeeper: Measure = {
  name: 'zookeeper',
  figures: [...zookeeperFigures, 'delete-pipelined'].map((name) => ({
    name: `ZooKeeper ${name}`,
    unit: 'op/s',
    better: 'more',
  })),
  async run(run) {
    const jars = await run.toolbox.apache();
    const classPath = await run.toolbox.compileJava('zookeeper-load', jars, [
      'bench/macro/ZooKeeperLoad.java',
    ]);
    const [one, many] = run.quick ? ['200', '2000'] : ['2000', '40000'];
    const warm = [run.target.zookeeper, '200', '5000'];
    await run.toolbox.javaLoad(classPath, 'ZooKeeperLoad', warm);
    const { stdout } = await run.toolbox.javaLoad(classPath, 'ZooKeeperLoad', [
      run.target.zookeeper,
      one,
      many,
    ]);
    return stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
      .map(([name, value]) => ({ name: `ZooKeeper ${name}`, value: Number(value) }));
  },
};

const memory = (name: string): Measure => ({
  name,
  figures: [{ name, unit: 'MB', better: 'less' }],
  async run(run) {
    return [{ name, value: residentMegabytes(run.target) }];
  },
});

/** In the order in which they run on freshly started servers. */
export const measures: readonly Measure[] = [
  { name: 'start', figures: [{ name: 'start to ready', unit: 'ms', better: 'less' }], run: async () => [] },
  memory('memory idle'),
  produceMeasure('produce 1 KB, 1 partition', 1, { records: 500_000, size: 1000 }),
  produceMeasure('produce 100 B, 1 partition', 1, { records: 3_000_000, size: 100 }),
  produceMeasure('produce 1 KB lz4, 6 partitions', 6, {
    records: 600_000,
    size: 1000,
    props: ['compression.type=lz4', 'batch.size=131072', 'linger.ms=5'],
  }),
  consume,
  endToEnd,
  zookeeper,
  memory('memory loaded'),
];
