import type { Summary } from '../../base/summary.ts';
import type { ProcessFacts } from '../../env/process-facts.ts';
import { limitPath, parseStatsTrack, usagePath } from '../../wire/zookeeper/quota.ts';
import { topNamespace } from '../tree/path.ts';
import type { ServerCore } from './server-core.ts';
import type { Gauge } from './server-stats.ts';
import { SERVER_VERSION } from './version.ts';

/** A value that the server reports, under Apache's name. */
export type Metric =
  | { readonly kind: 'text'; readonly name: string; readonly value: string }
  | {
      readonly kind: 'gauge' | 'counter';
      readonly name: string;
      readonly value: number;
      /** What the value is about, where there is one for each of several things. */
      readonly key?: string;
    }
  | { readonly kind: 'summary'; readonly name: string; readonly summary: Summary; readonly key?: string };

/** A server as its operator sees it. */
export interface Monitored {
  readonly core: ServerCore;
  /** Absent where nobody told of the process. */
  readonly process: ProcessFacts | undefined;
}

function gauge(name: string, value: number): Metric {
  return { kind: 'gauge', name, value };
}

function counter(name: string, value: number): Metric {
  return { kind: 'counter', name, value };
}

function summary(name: string, values: Summary): Metric {
  return { kind: 'summary', name, summary: values };
}

/** Everything that `mntr` and the metrics provider report; values of parts that this server has not are left out. */
export function metricsOf({ core, process }: Monitored): Metric[] {
  const { role } = core;
  return [
    { kind: 'text', name: 'version', value: SERVER_VERSION },
    { kind: 'text', name: 'server_state', value: role?.mode ?? 'leader election' },
    ...gauges(core),
    ...quotaGauges(core),
    ...counters(core),
    ...summaries(core),
    ...pipelineSummaries(core),
    ...(core.isMember ? zabMetrics(core) : []),
    ...(role?.monitorValues() ?? []).map(
      ([name, value]): Metric =>
        typeof value === 'string' ? { kind: 'text', name, value } : gauge(name, value),
    ),
    ...processMetrics(process),
  ];
}

function gauges(core: ServerCore): Metric[] {
  const { stats, tree, role } = core;
  return [
    gauge('ephemerals_count', tree.ephemeralCount),
    gauge('num_alive_connections', core.connections.size),
    gauge('avg_latency', Math.round(stats.latencyMs.average * 10_000) / 10_000),
    gauge('outstanding_requests', core.outstandingRequests),
    gauge('znode_count', tree.nodeCount),
    gauge('global_sessions', role?.sessions.size ?? 0),
    gauge('local_sessions', role?.localSessionCount ?? 0),
    gauge('last_client_response_size', lastOr(stats.responseBytes, 'last')),
    gauge('max_client_response_size', lastOr(stats.responseBytes, 'max')),
    gauge('min_client_response_size', lastOr(stats.responseBytes, 'min')),
    gauge('packets_sent', stats.packetsSent),
    gauge('packets_received', stats.packetsReceived),
    gauge('connection_drop_probability', core.throttle.dropProbability),
    gauge('watch_count', core.watches.size),
    gauge('auth_failed_count', stats.authFailures),
    gauge('min_latency', stats.latencyMs.min),
    gauge('max_latency', stats.latencyMs.max),
    gauge('approximate_data_size', tree.approximateDataBytes),
    gauge('uptime', Math.floor(core.monotonicMs() - core.startedAtMs)),
  ];
}

/** Apache reports -1 before the first response. */
function lastOr(values: Gauge, key: 'last' | 'min' | 'max'): number {
  return values.count === 0 ? -1 : values[key];
}

function counters(core: ServerCore): Metric[] {
  const { stats, storage } = core;
  return [
    counter('watch_bytes', stats.watchBytes),
    counter('connection_request_count', stats.connectionRequests),
    counter('connection_rejected', stats.connectionsRejected),
    counter('sessionless_connections_expired', stats.sessionlessExpired),
    counter('connection_drop_count', stats.connectionsDropped),
    counter('bytes_received_count', stats.bytesReceived),
    counter('response_bytes', stats.responseBytes.sum),
    counter('connection_revalidate_count', stats.sessionsRevalidated),
    counter('commit_count', stats.commits),
    counter('stale_sessions_expired', stats.staleSessionsExpired),
    counter('large_requests_rejected', stats.largeRequestsRejected),
    counter('digest_mismatches_count', storage.metrics.digestMismatches),
    counter('request_throttle_wait_count', stats.throttleWaits),
    counter('looking_count', stats.lookingCount),
    counter('snapshot_error_count', storage.metrics.snapshotErrors),
    counter('snapshot_rate_limited_count', stats.snapshotsRateLimited),
    counter('cnxn_closed_without_zk_server_running', stats.closedWithoutService),
    counter('sync_processor_request_queued', stats.pipeline.syncRequests),
    ...[...stats.quotaExceeded].map(
      ([key, value]): Metric => ({ kind: 'counter', name: 'quota_exceeded_error_per_namespace', key, value }),
    ),
  ];
}

function summaries({ stats, storage }: ServerCore): Metric[] {
  return [
    summary('dbinittime', storage.metrics.startupMs),
    summary('startup_txns_loaded', storage.metrics.startupTxns),
    summary('startup_snap_load_time', storage.metrics.startupSnapshotMs),
    summary('startup_txns_load_time', storage.metrics.startupReplayMs),
    summary('node_created_watch_count', stats.firedWatches.created),
    summary('node_deleted_watch_count', stats.firedWatches.deleted),
    summary('node_changed_watch_count', stats.firedWatches.changed),
    summary('node_children_watch_count', stats.firedWatches.children),
    summary('fsynctime', storage.metrics.syncMs),
    summary('sync_processor_batch_size', storage.metrics.batchSize),
    summary('snapshottime', storage.metrics.snapshotMs),
    summary('readlatency', stats.readLatencyMs),
    summary('updatelatency', stats.updateLatencyMs),
    summary('connection_token_deficit', stats.connectionTokenDeficit),
  ];
}

function pipelineSummaries({ stats: { pipeline } }: ServerCore): Metric[] {
  return [
    summary('prep_process_time', pipeline.prepMs),
    summary('close_session_prep_time', pipeline.closeSessionPrepMs),
    summary('sync_processor_queue_size', pipeline.syncQueueSize),
    summary('sync_processor_queue_time_ms', pipeline.syncQueueMs),
    summary('sync_processor_queue_flush_time_ms', pipeline.syncFlushMs),
    summary('sync_processor_queue_and_flush_time_ms', pipeline.syncQueueAndFlushMs),
    summary('write_commitproc_time_ms', pipeline.writeCommitMs),
    summary('read_commitproc_time_ms', pipeline.readCommitMs),
    summary('requests_in_session_queue', pipeline.sessionQueue),
    summary('pending_session_queue_size', pipeline.pendingSessions),
    summary('propagation_latency', pipeline.propagationMs),
  ];
}

/** What only a member of an ensemble has. */
function zabMetrics({ stats }: ServerCore): Metric[] {
  const { zab } = stats;
  return [
    counter('proposal_count', zab.proposals),
    counter('diff_count', zab.diffs),
    counter('snap_count', zab.snaps),
    counter('revalidate_count', zab.revalidations),
    counter('learner_proposal_received_count', zab.proposalsReceived),
    counter('learner_commit_received_count', zab.commitsReceived),
    summary('election_time', stats.electionMs),
    summary('unavailable_time', stats.unavailableMs),
    summary('leader_unavailable_time', stats.leaderUnavailableMs),
    summary('follower_sync_time', zab.followerSyncMs),
    summary('observer_sync_time', zab.observerSyncMs),
    summary('inflight_diff_count', zab.inflightDiffs),
    summary('inflight_snap_count', zab.inflightSnaps),
    summary('quorum_ack_latency', zab.quorumAckMs),
    summary('proposal_latency', zab.proposalMs),
    summary('proposal_ack_creation_latency', zab.ackCreationMs),
    summary('commit_propagation_latency', zab.commitMs),
    ...[...zab.ackMs.entries()].map(
      ([key, values]): Metric => ({ kind: 'summary', name: 'ack_latency', summary: values, key }),
    ),
  ];
}

/** Sums of limits and usage by the first component of the paths with quotas. */
function quotaGauges({ tree }: ServerCore): Metric[] {
  const values = new Map<string, { name: string; key: string; value: number }>();
  const add = (key: string, what: string, value: number) => {
    if (value <= -1) return;
    const name = `quota_${what}_per_namespace`;
    const before = values.get(`${key} ${name}`)?.value ?? 0;
    values.set(`${key} ${name}`, { name, key, value: before + value });
  };
  for (const path of tree.quotaPaths()) {
    const namespace = topNamespace(path);
    if (namespace === undefined) continue;
    const limits = parseStatsTrack(tree.get(limitPath(path))?.data ?? null);
    const usage = parseStatsTrack(tree.get(usagePath(path))?.data ?? null);
    add(namespace, 'count_limit', limits.countHardLimit > -1 ? limits.countHardLimit : limits.count);
    add(namespace, 'bytes_limit', limits.byteHardLimit > -1 ? limits.byteHardLimit : limits.bytes);
    add(namespace, 'count_usage', usage.count);
    add(namespace, 'bytes_usage', usage.bytes);
  }
  return [...values.values()].map((value): Metric => ({ kind: 'gauge', ...value }));
}

function processMetrics(process: ProcessFacts | undefined): Metric[] {
  const { openFiles, maxFiles } = process?.usage() ?? {};
  return [
    ...(openFiles === undefined ? [] : [gauge('open_file_descriptor_count', openFiles)]),
    ...(maxFiles === undefined ? [] : [gauge('max_file_descriptor_count', maxFiles)]),
  ];
}

/** A double as Java prints it. */
export function javaDouble(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** Metrics by name as the default provider dumps them: a summary becomes several values. */
export function* dumpMetrics(metrics: readonly Metric[]): Generator<[name: string, value: string | number]> {
  for (const metric of metrics) {
    const { name } = metric;
    if (metric.kind === 'summary') {
      yield* dumpSummary(metric.key === undefined ? name : `${metric.key}_${name}`, metric.summary);
    } else if (metric.kind === 'text' || metric.key === undefined) yield [name, metric.value];
    else yield [`${metric.key}_${name}`, metric.value];
  }
}

function* dumpSummary(name: string, values: Summary): Generator<[name: string, value: number]> {
  yield [`avg_${name}`, Math.round(values.average * 10_000) / 10_000];
  yield [`min_${name}`, values.min];
  yield [`max_${name}`, values.max];
  yield [`cnt_${name}`, values.count];
  yield [`sum_${name}`, values.sum];
  if (!values.isDetailed) return;
  for (const [label, fraction] of [
    ['p50', 0.5],
    ['p95', 0.95],
    ['p99', 0.99],
    ['p999', 0.999],
  ] as const) {
    yield [`${label}_${name}`, values.quantile(fraction) ?? 0];
  }
}

/** Values that Java prints as doubles. */
const DOUBLES = /^(avg_.*|connection_drop_probability)$/;

/** Whether Java prints a value of this name as a double. */
export function isDouble(name: string): boolean {
  return DOUBLES.test(name);
}

/** What `mntr` prints of a value. */
export function monitorText(name: string, value: string | number): string {
  return typeof value === 'number' && isDouble(name) ? javaDouble(value) : String(value);
}
