import assert from 'node:assert/strict';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import type { Kind } from '../../tools/peers/ensemble.ts';
import { type Broker, KafkaCluster } from '../../tools/peers/kafka-cluster.ts';
import type { Toolbox } from '../../tools/peers/toolbox.ts';
import { until } from '../../tools/until.ts';
import { measureFailover } from './failover.ts';
import { type Bed, type Figure, type Load, repeat, type Sample } from './figures.ts';
import {
  createTopic,
  deleteTopic,
  endToEnd,
  memory,
  produce,
  produceWarm,
  residentMegabytes,
} from './kafka-loads.ts';
import type { Who } from './table.ts';

const PREFIX = 'Kafka cluster';
const BROKERS = 3;
const MANY_PARTITIONS = 2000;

const start: Figure = { name: `${PREFIX} start`, unit: 'ms', better: 'less' };
const idle: Figure = { name: `${PREFIX} memory idle, per broker`, unit: 'MB', better: 'less' };
const failover: Figure = { name: `${PREFIX} failover after the session's end`, unit: 'ms', better: 'less' };
const restart: Figure = {
  name: `${PREFIX} start of a broker with ${MANY_PARTITIONS.toLocaleString('en-US')} partitions, until in sync`,
  unit: 'ms',
  better: 'less',
};

/** Topics have three replicas, as the clusters' default says, and need two in sync. */
const loads: readonly Load[] = [
  produce(`${PREFIX} produce 1 KB, 6 partitions`, 6, { records: 300_000, size: 1000 }),
  produceWarm(`${PREFIX} produce 1 KB, 6 partitions, load tool warm`, 6, { records: 200_000, size: 1000 }),
  produce(`${PREFIX} produce 100 B, 6 partitions`, 6, { records: 1_000_000, size: 100 }),
  endToEnd(`${PREFIX} end to end`),
  memory(`${PREFIX} memory loaded, per broker`, (target) => residentMegabytes(target) / BROKERS),
];

export const clusterFigures: readonly Figure[] = [
  start,
  idle,
  ...loads.flatMap(({ figures }) => figures),
  failover,
  restart,
];

const kinds: Readonly<Record<Who, Kind>> = { apache: 'apache', streamkeeper: 'ours' };
const both = ['apache', 'streamkeeper'] as const;
/** So that memory is measured after what a start leaves to do later. */
const SETTLE_MS = 2000;

export interface ClusterBench {
  readonly toolbox: Toolbox;
  readonly rounds: number;
  readonly quick: boolean;
  chosen(name: string): boolean;
  record(who: Who, round: number, samples: readonly Sample[]): void;
}

/** Measures three brokers of each side on three of its ZooKeeper servers; the sides take turns. */
export async function measureClusters(bench: ClusterBench): Promise<void> {
  const clusters = new Map<Who, KafkaCluster>();
  try {
    await measureStarts(bench, clusters);
    await measureLoads(bench, clusters);
    if (bench.chosen(failover.name)) await inTurns(bench, clusters, failover.name, measureFailover);
    if (bench.chosen(restart.name)) await measureRestarts(bench, clusters);
  } finally {
    for (const cluster of clusters.values()) await cluster.stop();
  }
}

function of(clusters: ReadonlyMap<Who, KafkaCluster>, who: Who): KafkaCluster {
  const cluster = clusters.get(who);
  assert.ok(cluster !== undefined);
  return cluster;
}

/** Whoever comes second finds the disk busier: the sides take turns at that too. */
function inTurn(round: number): readonly Who[] {
  return round % 2 === 1 ? both : both.toReversed();
}

async function inTurns(
  { rounds, record }: ClusterBench,
  clusters: ReadonlyMap<Who, KafkaCluster>,
  name: string,
  measure: (cluster: KafkaCluster) => Promise<number>,
): Promise<void> {
  for (let round = 1; round <= rounds; round++) {
    for (const who of inTurn(round)) record(who, round, [{ name, value: await measure(of(clusters, who)) }]);
  }
}

/** Each round starts anew, without data; the clusters of the last one stay, for the loads. */
async function measureStarts(bench: ClusterBench, clusters: Map<Who, KafkaCluster>): Promise<void> {
  const rounds = [start, idle].some(({ name }) => bench.chosen(name)) ? bench.rounds : 1;
  for (let round = 1; round <= rounds; round++) {
    for (const cluster of clusters.values()) await cluster.stop();
    clusters.clear();
    for (const who of inTurn(round)) {
      const kind = kinds[who];
      const trio = [kind, kind, kind];
      const fromMs = performance.now();
      const cluster = await KafkaCluster.start(bench, {
        brokers: trio,
        zookeeper: trio,
        config: { 'log.segment.delete.delay.ms': '0' },
      });
      const value = performance.now() - fromMs;
      clusters.set(who, cluster);
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      const megabytes = residentMegabytes(bedOf(bench, cluster).target) / BROKERS;
      bench.record(who, round, [
        { name: start.name, value },
        { name: idle.name, value: megabytes },
      ]);
    }
  }
}

function bedOf({ toolbox, quick }: ClusterBench, { bootstrap, connectString, running }: KafkaCluster): Bed {
  const pids = running.flatMap(({ daemon }) => (daemon === undefined ? [] : [daemon.pid]));
  return { toolbox, quick, target: { bootstrap, zookeeper: connectString, pids } };
}

async function measureLoads(bench: ClusterBench, clusters: ReadonlyMap<Who, KafkaCluster>): Promise<void> {
  for (const load of loads.filter(({ figures }) => figures.some(({ name }) => bench.chosen(name)))) {
    await repeat(load, {
      rounds: bench.rounds,
      beds: both.map((who) => bedOf(bench, of(clusters, who))),
      record: (bed, round, list) => bench.record(both[bed] ?? 'apache', round, list),
    });
  }
}

/** One broker goes and comes back in good order while all replicas of a topic of many partitions are in sync. */
async function measureRestarts(bench: ClusterBench, clusters: ReadonlyMap<Who, KafkaCluster>): Promise<void> {
  const partitions = bench.quick ? MANY_PARTITIONS / 20 : MANY_PARTITIONS;
  const topics = new Map<KafkaCluster, string>();
  for (const cluster of clusters.values()) {
    const topic = await createTopic(bedOf(bench, cluster).target, partitions);
    topics.set(cluster, topic);
    const [broker] = cluster.brokers;
    assert.ok(broker !== undefined);
    await inSync(broker, topic, partitions);
  }
  await inTurns(bench, clusters, restart.name, async (cluster) => {
    const [restarted, other] = cluster.brokers.toReversed();
    assert.ok(restarted !== undefined && other !== undefined);
    await cluster.kill(restarted, 'SIGTERM');
    const fromMs = performance.now();
    await cluster.boot(restarted);
    await inSync(other, topics.get(cluster) ?? '', partitions);
    return performance.now() - fromMs;
  });
  for (const [cluster, topic] of topics) await deleteTopic(bedOf(bench, cluster).target, topic);
}

/** Waits until a broker knows every replica of a topic to be in sync: asking it costs less than asking ZooKeeper. */
async function inSync(broker: Broker, topic: string, partitions: number): Promise<void> {
  const kafka = new Kafka({ brokers: [`127.0.0.1:${broker.port}`], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  try {
    const isDone = async () => (await countInSync(admin, topic)) === partitions;
    await until(`${partitions} partitions are in sync`, isDone, { withinMs: 300_000, everyMs: 50 });
  } finally {
    await admin.disconnect();
  }
}

async function countInSync(admin: Admin, topic: string): Promise<number> {
  const answer = await admin.fetchTopicMetadata({ topics: [topic] }).catch((error: unknown) => {
    // The broker has not heard of the topic yet.
    if (error instanceof Error && 'retriable' in error && error.retriable === true) return undefined;
    throw error;
  });
  if (answer === undefined) return 0;
  return answer.topics.flatMap(({ partitions }) => partitions).filter(({ isr }) => isr.length === BROKERS)
    .length;
}
