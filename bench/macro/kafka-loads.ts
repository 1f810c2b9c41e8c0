import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import type { Bed, LoadApart, LoadTogether } from './figures.ts';
import { median } from './table.ts';

type Server = Bed['target'];

/** Topics of thousands of partitions take a while. */
const PATIENCE_MS = 300_000;

const tools = 'org.apache.kafka.tools';

/** Resident memory of the servers, in MB. */
export function residentMegabytes({ pids }: Pick<Server, 'pids'>): number {
  return pids.reduce((sum, pid) => {
    const match = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+) kB/m);
    return sum + Number(match?.[1] ?? 0) / 1024;
  }, 0);
}

async function withAdmin<T>(target: Server, action: (admin: Admin) => Promise<T>): Promise<T> {
  const brokers = target.bootstrap.split(',');
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING, requestTimeout: PATIENCE_MS }).admin();
  await admin.connect();
  try {
    return await action(admin);
  } finally {
    await admin.disconnect();
  }
}

/** As many replicas as the servers' default says. */
export function createTopic(target: Server, partitions: number): Promise<string> {
  const topic = `bench-${randomUUID().slice(0, 8)}`;
  return withAdmin(target, async (admin) => {
    const topics = [{ topic, numPartitions: partitions }];
    await admin.createTopics({ topics, waitForLeaders: true, timeout: PATIENCE_MS });
    return topic;
  });
}

export function deleteTopic(target: Server, topic: string): Promise<void> {
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

/** One load on a topic of its own. */
export async function produceOnce(bed: Bed, partitions: number, full: Produce) {
  const topic = await createTopic(bed.target, partitions);
  const result = await producerPerf(bed, topic, {
    ...full,
    records: bed.quick ? full.records / 20 : full.records,
  });
  await deleteTopic(bed.target, topic);
  return result;
}

export function produce(name: string, partitions: number, full: Produce): LoadApart {
  return {
    figures: [
      { name, unit: 'MB/s', better: 'more' },
      { name: `${name}, p99`, unit: 'ms', better: 'less' },
    ],
    async prepare(bed) {
      await produceOnce(bed, partitions, { ...full, records: full.records / 4 });
      return {
        async measure() {
          const { mbPerSecond, p99Ms } = await produceOnce(bed, partitions, full);
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

const WARM_UP_TURNS = 3;
const MEASURED_TURNS = 5;

/** The same load, from one JVM that goes to and fro between the servers; the median turn counts. */
export function produceWarm(name: string, partitions: number, full: Produce): LoadTogether {
  return {
    figures: [{ name, unit: 'MB/s', better: 'more' }],
    async measureAll(beds) {
      const [first] = beds;
      assert.ok(first !== undefined);
      const { toolbox, quick } = first;
      const sources = ['bench/macro/ProducerTurns.java'];
      const classPath = await toolbox.compileJava('producer-turns', await toolbox.apache(), sources);
      const records = quick ? full.records / 20 : full.records;
      const counts = [WARM_UP_TURNS, quick ? 1 : MEASURED_TURNS, records, full.size, partitions];
      const servers = beds.map(({ target }) => target.bootstrap);
      const { stdout } = await toolbox.javaLoad(classPath, 'ProducerTurns', [
        ...counts.map(String),
        ...servers,
      ]);
      const lines = stdout
        .trim()
        .split('\n')
        .map((line) => line.split(' ').map(Number));
      return beds.map((_, server) => {
        const values = lines.filter(([index]) => index === server).map(([, value = Number.NaN]) => value);
        return [{ name, value: median(values) }];
      });
    },
  };
}

export function consume(name: string): LoadApart {
  return {
    figures: [{ name, unit: 'MB/s', better: 'more' }],
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
        return [{ name, value: fields[8] ?? Number.NaN }];
      };
      await measure();
      return { measure, end: () => deleteTopic(target, topic) };
    },
  };
}

export function endToEnd(name: string): LoadApart {
  return {
    figures: [
      { name: `${name}, average`, unit: 'ms', better: 'less' },
      { name: `${name}, p99`, unit: 'ms', better: 'less' },
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
          { name: `${name}, average`, value: average },
          { name: `${name}, p99`, value: p99 },
        ];
      };
      return { measure, end: () => deleteTopic(target, topic) };
    },
  };
}

/** Resident memory by then. */
export function memory(name: string, megabytes: (target: Server) => number): LoadApart {
  return {
    figures: [{ name, unit: 'MB', better: 'less' }],
    async prepare({ target }) {
      return {
        measure: async () => [{ name, value: megabytes(target) }],
        end: async () => undefined,
      };
    },
  };
}
