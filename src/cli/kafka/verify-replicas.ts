import { getOrPut } from '../../base/get-or-put.ts';
import { AdminCall, byTopic } from '../../clients/kafka/admin/admin-call.ts';
import { partitionKey } from '../../clients/kafka/admin/item-results.ts';
import { listOffsets, type OffsetSpec } from '../../clients/kafka/admin/list-offsets.ts';
import { Cluster } from '../../clients/kafka/cluster/cluster.ts';
import type { TopicInfo, TopicPartition } from '../../clients/kafka/cluster/cluster-metadata.ts';
import { pause } from '../../clients/kafka/cluster/pause.ts';
import { BrokerError, KafkaError } from '../../clients/kafka/kafka-error.ts';
import { createNodeEnv } from '../../env/node/create-node-env.ts';
import { FetchRequest, FetchResponse } from '../../wire/kafka/messages/01-fetch.ts';
import { ZERO_UUID } from '../../wire/kafka/schema/index.ts';
import { adminOptionsFor } from '../client-settings.ts';
import { interruption } from '../console/interruption.ts';
import { illegalArgument, JavaError } from '../java-error.ts';
import { hashOrder, partitionHash } from '../java-hash-order.ts';
import { javaPattern } from '../java-pattern.ts';
import type { ReplicaVerificationOptions } from '../kafka-replica-verification.ts';
import { logLine, logTime } from '../log-line.ts';
import { ToolExit } from '../tool.ts';
import { type FetchedReplica, ReplicaComparison } from './replica-comparison.ts';
import { topicPattern } from './topic-filter.ts';
import { firstFuture } from './with-admin.ts';

const API = { request: FetchRequest, response: FetchResponse };
const LOGGER = 'org.apache.kafka.tools.ReplicaVerificationTool';
/** Whoever fetches by this id may read any replica up to its end, and is no follower (`FetchRequest.DEBUGGING_CONSUMER_ID`). */
const DEBUGGING_REPLICA = -2;
/** From here on the replica's id stands in a struct of its own. */
const FIRST_WITH_REPLICA_STATE = 15;
/** The last version that calls topics by name. */
const LAST_BY_NAME = 12;

/** Where the lines go, and what ends the comparison, which has no end of its own. */
export interface Watching {
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Compares replicas on standard output until SIGINT or SIGTERM; gives the exit code. Throws JavaError and ToolExit. */
export async function runVerification(
  options: ReplicaVerificationOptions,
  bootstrapServers: string,
): Promise<number> {
  const env = createNodeEnv({ logLevel: 'silent' });
  const settings = await adminOptionsFor(env, { bootstrapServers }, { 'client.id': 'ReplicaVerification' });
  const cluster = new Cluster(env, settings);
  const interrupted = interruption();
  const { signal } = interrupted;
  try {
    return await verifyReplicas(cluster, options, { print: (line) => console.log(line), signal });
  } catch (error) {
    if (interrupted.exitCode === undefined) throw error;
    return interrupted.exitCode;
  } finally {
    cluster.close();
  }
}

/**
 * Compares the replicas of the chosen topics again and again; rejects with the signal's reason when that is aborted, with
 * {@link ToolExit} where the offsets of replicas differ. Throws JavaError.
 */
export async function verifyReplicas(
  cluster: Cluster,
  options: ReplicaVerificationOptions,
  { print, signal }: Watching,
): Promise<never> {
  const { clock } = cluster.env;
  const topics = await chosenTopics(cluster, options, signal);
  const partitions = topics.flatMap(({ name: topic, partitions }) =>
    partitions.map(({ partition, replicas }) => ({ topic, partition, replicas })),
  );
  const offsets = await initialOffsets(cluster, partitions, options, signal);
  const comparison = new ReplicaComparison(
    partitions.map((each, index) => ({ ...each, offset: offsets[index] ?? 0 })),
  );
  const reportIntervalMs = options.number('report-interval-ms') ?? 0;
  const fetchers = fetchersFor(cluster, topics, options);
  const tell = (text: string) => print(`${logTime(new Date(clock.nowMs()))}: ${text}`);
  tell('verification process is started');
  for (let reportedMs = clock.nowMs(); ; ) {
    const answers = fetchers.map(async (fetcher) => {
      return [fetcher.brokerId, await fetcher.fetch(comparison, signal)] as const;
    });
    for (const { text, isFinal } of comparison.compare(new Map(await Promise.all(answers)))) {
      tell(text);
      if (isFinal) throw new ToolExit(1);
    }
    if (clock.nowMs() - reportedMs <= reportIntervalMs) continue;
    const { maxLag, partition, offset } = comparison.lag;
    tell(
      `max lag is ${maxLag} for partition ${partition} at offset ${offset} among ${comparison.size} partitions`,
    );
    reportedMs = clock.nowMs();
  }
}

async function chosenTopics(
  cluster: Cluster,
  options: ReplicaVerificationOptions,
  signal: AbortSignal,
): Promise<TopicInfo[]> {
  const metadata = await firstFuture('listTopics', () =>
    cluster.retry(() => cluster.askMetadata(null, false), { signal }),
  );
  const flag = options.has('topics-include') ? 'topics-include' : 'topic-white-list';
  const pattern = includePattern(options.required(flag));
  for (const [name, errorCode] of metadata.topicErrors) {
    if (pattern.test(name)) throw new BrokerError(errorCode, `topic ${name}`);
  }
  const chosen = [...metadata.topics.values()].filter(({ name }) => pattern.test(name));
  if (chosen.length === 0) {
    const reason = 'if specified, is either filtering out all topics or there is no topic.';
    logLine('ERROR', `No topics found. [topics-include] ${reason}`, LOGGER);
    throw new ToolExit(1);
  }
  const replicas = new Set(chosen.flatMap(({ partitions }) => partitions.flatMap((each) => each.replicas)));
  for (const id of replicas) {
    if (metadata.brokers.has(id)) continue;
    const remedy = 'start it, or choose other topics with --topics-include';
    throw new JavaError(
      'java.lang.IllegalStateException',
      `broker ${id}, which has replicas, is not alive: ${remedy}`,
    );
  }
  return chosen;
}

function includePattern(text: string): RegExp {
  try {
    javaPattern(text);
  } catch (error) {
    if (!(error instanceof JavaError)) throw error;
    throw new JavaError('java.lang.RuntimeException', `${text} is an invalid regex`);
  }
  return topicPattern(text);
}

/** `--time` for each partition, in their order. */
async function initialOffsets(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  options: ReplicaVerificationOptions,
  signal: AbortSignal,
): Promise<number[]> {
  const time = options.number('time') ?? -1;
  if (time < -2) {
    const [first] = hashOrder(partitions, partitionHash);
    const name = first === undefined ? '' : partitionKey(first);
    throw illegalArgument(
      `The target time for partition ${name} is ${time}. The target time cannot be negative.`,
    );
  }
  const points = new Map<number, OffsetSpec>([
    [-1, 'latest'],
    [-2, 'earliest'],
  ]);
  const at = points.get(time) ?? { timestampMs: time };
  const queries = partitions.map(({ topic, partition }) => ({ topic, partition, at }));
  const found = await listOffsets(new AdminCall(cluster, { signal }), queries, {});
  return queries.map((query) => {
    const offset = found.get(partitionKey(query))?.offset ?? -1;
    if (offset >= 0) return offset;
    const remedy = 'give an earlier --time, or -1 to begin at the end';
    throw illegalArgument(`partition ${partitionKey(query)} has no record at or after ${time}: ${remedy}`);
  });
}

function fetchersFor(
  cluster: Cluster,
  topics: readonly TopicInfo[],
  options: ReplicaVerificationOptions,
): ReplicaFetcher[] {
  const byBroker = new Map<number, TopicPartition[]>();
  for (const { name: topic, partitions } of topics) {
    for (const { partition, replicas } of partitions) {
      for (const id of replicas) getOrPut(byBroker, id, () => []).push({ topic, partition });
    }
  }
  const topicIds = new Map(topics.map(({ name, topicId }) => [name, topicId]));
  const limits = {
    maxBytes: options.number('fetch-size') ?? 0,
    maxWaitMs: options.number('max-wait-ms') ?? 0,
  };
  return [...byBroker].map(
    ([id, partitions]) => new ReplicaFetcher(cluster, id, { partitions, topicIds, limits }),
  );
}

interface Fetched {
  readonly partitions: readonly TopicPartition[];
  /** By name. */
  readonly topicIds: ReadonlyMap<string, string>;
  readonly limits: { readonly maxBytes: number; readonly maxWaitMs: number };
}

/** Asks one broker for all of its replicas at once. */
class ReplicaFetcher {
  readonly brokerId: number;
  private readonly cluster: Cluster;
  private readonly what: Fetched;
  private readonly names: ReadonlyMap<string, string>;

  constructor(cluster: Cluster, brokerId: number, what: Fetched) {
    this.cluster = cluster;
    this.brokerId = brokerId;
    this.what = what;
    this.names = new Map([...what.topicIds].map(([name, id]) => [id, name]));
  }

  /** By `topic-partition`; nothing from a broker that cannot be asked: it is asked again in the next round. */
  async fetch(comparison: ReplicaComparison, signal: AbortSignal): Promise<Map<string, FetchedReplica>> {
    const { settings, env } = this.cluster;
    try {
      return await this.ask(comparison, signal);
    } catch (error) {
      if (!(error instanceof KafkaError) || !error.retriable) throw error;
      await pause(env.timers, settings.retryBackoffMs, signal);
      return new Map();
    }
  }

  private async ask(
    comparison: ReplicaComparison,
    signal: AbortSignal,
  ): Promise<Map<string, FetchedReplica>> {
    const { partitions, topicIds, limits } = this.what;
    const hasIds = [...topicIds.values()].every((id) => id !== ZERO_UUID);
    const { response, version } = await this.cluster.ask(
      this.brokerId,
      API,
      (version) => ({
        ...(version >= FIRST_WITH_REPLICA_STATE
          ? { replicaState: { replicaId: DEBUGGING_REPLICA } }
          : { replicaId: DEBUGGING_REPLICA }),
        maxWaitMs: limits.maxWaitMs,
        minBytes: 1,
        topics: byTopic(partitions).map(([topic, group]) => ({
          topic,
          topicId: topicIds.get(topic) ?? ZERO_UUID,
          partitions: group.map((each) => ({
            partition: each.partition,
            fetchOffset: comparison.offsetOf(each),
            logStartOffset: 0,
            partitionMaxBytes: limits.maxBytes,
          })),
        })),
        forgottenTopicsData: [],
      }),
      {
        signal,
        timeoutMs: this.cluster.settings.requestTimeoutMs + Math.max(0, limits.maxWaitMs),
        versions: { min: 0, max: hasIds ? FetchRequest.versions.max : LAST_BY_NAME },
      },
    );
    const fetched = new Map<string, FetchedReplica>();
    for (const { topic, topicId, partitions } of response.responses) {
      const name = version > LAST_BY_NAME ? this.names.get(topicId) : topic;
      if (name === undefined) continue;
      for (const { partitionIndex: partition, highWatermark, records } of partitions) {
        fetched.set(partitionKey({ topic: name, partition }), { highWatermark, records });
      }
    }
    return fetched;
  }
}
