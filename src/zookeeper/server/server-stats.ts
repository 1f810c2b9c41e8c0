import { Summary } from '../../base/summary.ts';
import type { Clock } from '../../env/clock.ts';
import { EventType } from '../../wire/zookeeper/op-codes.ts';
import { PipelineMetrics } from '../pipeline/pipeline-metrics.ts';
import { ZabMetrics } from '../zab/zab-metrics.ts';

/** Smallest, largest, last, count and sum of something. */
export class Gauge {
  min = 0;
  max = 0;
  last = 0;
  count = 0;
  sum = 0;

  add(value: number): void {
    this.min = this.count === 0 ? value : Math.min(this.min, value);
    this.max = Math.max(this.max, value);
    this.last = value;
    this.count++;
    this.sum += value;
  }

  get average(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }

  reset(): void {
    this.min = 0;
    this.max = 0;
    this.last = 0;
    this.count = 0;
    this.sum = 0;
  }
}

/** What the four-letter words report of the server as a whole (ServerStats, ServerMetrics). */
export class ServerStats {
  readonly pipeline = new PipelineMetrics();
  readonly zab: ZabMetrics;
  packetsReceived = 0;
  packetsSent = 0;
  /** Whole milliseconds, as Apache counts. */
  readonly latencyMs = new Gauge();
  /** Bytes of replies, without their length. */
  readonly responseBytes = new Gauge();
  bytesReceived = 0;
  watchBytes = 0;
  connectionsRejected = 0;
  connectionsDropped = 0;
  sessionlessExpired = 0;
  sessionsRevalidated = 0;
  authFailures = 0;
  commits = 0;
  staleSessionsExpired = 0;
  containersDeleted = 0;
  connectionRequests = 0;
  largeRequestsRejected = 0;
  snapshotsRateLimited = 0;
  /** Requests that came while so many were under way that their connection had to wait. */
  throttleWaits = 0;
  /** How often this member of an ensemble has looked for a leader, and how long until it had one. */
  lookingCount = 0;
  readonly electionMs = new Summary();
  /** How long it did not serve, and how long when it led next, in milliseconds. */
  readonly unavailableMs = new Summary();
  readonly leaderUnavailableMs = new Summary();
  /** Clients that were turned away for want of a leader. */
  closedWithoutService = 0;
  /** Watchers told of one event, by its kind. */
  readonly firedWatches = {
    created: new Summary(),
    deleted: new Summary(),
    changed: new Summary(),
    children: new Summary(),
  };
  /** From the arrival of a request to its answer, in milliseconds. */
  readonly readLatencyMs = new Summary({ detailed: true });
  readonly updateLatencyMs = new Summary({ detailed: true });
  readonly connectionTokenDeficit = new Summary();
  /** Refused writes by the first name in their paths. */
  readonly quotaExceeded = new Map<string, number>();

  constructor(clock: Clock) {
    this.zab = new ZabMetrics(clock);
  }

  watchesFired(type: EventType, watchers: number): void {
    if (type === EventType.nodeCreated) this.firedWatches.created.add(watchers);
    else if (type === EventType.nodeDeleted) this.firedWatches.deleted.add(watchers);
    else if (type === EventType.nodeDataChanged) this.firedWatches.changed.add(watchers);
    else if (type === EventType.nodeChildrenChanged) this.firedWatches.children.add(watchers);
  }

  /** `srst` */
  reset(): void {
    this.packetsReceived = 0;
    this.packetsSent = 0;
    this.latencyMs.reset();
    this.responseBytes.reset();
    this.bytesReceived = 0;
    this.watchBytes = 0;
    this.connectionsRejected = 0;
    this.connectionsDropped = 0;
    this.sessionlessExpired = 0;
    this.sessionsRevalidated = 0;
    this.commits = 0;
    this.staleSessionsExpired = 0;
    this.containersDeleted = 0;
    this.connectionRequests = 0;
    this.largeRequestsRejected = 0;
    this.snapshotsRateLimited = 0;
    this.lookingCount = 0;
    this.throttleWaits = 0;
    this.electionMs.reset();
    for (const summary of Object.values(this.firedWatches)) summary.reset();
    this.readLatencyMs.reset();
    this.updateLatencyMs.reset();
    this.connectionTokenDeficit.reset();
    this.quotaExceeded.clear();
    this.unavailableMs.reset();
    this.leaderUnavailableMs.reset();
    this.closedWithoutService = 0;
    this.pipeline.reset();
    this.zab.reset();
  }
}

/** What `cons` reports of one connection (ServerCnxn). */
export class ConnectionStats {
  packetsReceived = 0;
  packetsSent = 0;
  readonly latencyMs = new Gauge();
  lastOperation = 'NA';
  lastCxid = -1;
  lastZxid = -1;
  lastResponseMs = 0;

  /** `crst` */
  reset(): void {
    this.packetsReceived = 0;
    this.packetsSent = 0;
    this.latencyMs.reset();
    this.lastOperation = 'NA';
    this.lastCxid = -1;
    this.lastZxid = -1;
    this.lastResponseMs = 0;
  }
}
