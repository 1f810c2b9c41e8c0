import { ByteWriter } from '../../base/byte-writer.ts';
import { hex } from '../../base/hex.ts';
import type { Env } from '../../env/env.ts';
import type { Timer } from '../../env/timers.ts';
import { ustring } from '../../wire/jute/types.ts';
import type { Id } from '../../wire/zookeeper/data.ts';
import type { ErrorCode } from '../../wire/zookeeper/errors.ts';
import { OpCode } from '../../wire/zookeeper/op-codes.ts';
import type { TxnEntry } from '../../wire/zookeeper/txn-entry.ts';
import type { AccessControl } from '../pipeline/access-control.ts';
import type { EnsembleView } from '../pipeline/check-reconfig.ts';
import { Preparer } from '../pipeline/prepare.ts';
import type { QuotaExcess } from '../pipeline/quota-check.ts';
import type { Request } from '../pipeline/request.ts';
import type { ZxidSource } from '../pipeline/zxid.ts';
import { firstSessionId, SessionTracker } from '../session/session-tracker.ts';
import type { DataTree } from '../tree/data-tree.ts';
import type { ZooKeeperServerConfig } from './config.ts';
import { ContainerReaper } from './container-reaper.ts';
import type { SessionOverview } from './server-role.ts';
import type { ServerStats } from './server-stats.ts';

/** What a write orderer needs of the server around it. */
export interface WriteOrdererHost {
  readonly env: Env;
  readonly config: ZooKeeperServerConfig;
  readonly tree: DataTree;
  readonly access: AccessControl;
  readonly stats: ServerStats;
  /** The identity of this server among the owners of sessions. */
  readonly owner: unknown;
  /** Open sessions with their timeouts in milliseconds. */
  readonly sessionTimeouts: ReadonlyMap<bigint, number>;
  turn(action: () => void): void;
  /** A write would go beyond a limit. */
  quotaExceeded(excess: QuotaExcess): void;
}

export interface WriteOrdererOptions {
  host: WriteOrdererHost;
  zxids: ZxidSource;
  /** The top byte of session ids. */
  sessionServerId: number;
  /** See {@link SessionTracker}. */
  unknownSession: ((sessionId: bigint) => ErrorCode) | undefined;
  /** Undefined on a standalone server. */
  ensemble?: EnsembleView | undefined;
  /** A write of the server's own, prepared like any other by `prepare`. */
  submitOwn(request: Request): void;
}

const NO_IDENTITIES: readonly Id[] = [];

/**
 * What a server does because it is the one that orders writes, standalone or as a leader: it makes
 * transactions, ends sessions whose time is up, and removes empty containers and old TTL nodes.
 */
export class WriteOrderer implements SessionOverview {
  readonly preparer: Preparer;
  readonly tracker: SessionTracker;
  private readonly host: WriteOrdererHost;
  private readonly options: WriteOrdererOptions;
  private readonly reaper: ContainerReaper;
  private expiryTimer: Timer | undefined;
  private isStopped = false;

  constructor(options: WriteOrdererOptions) {
    const { host, zxids } = options;
    const { env, config, tree, access } = host;
    this.host = host;
    this.options = options;
    const nowMs = env.clock.monotonicMs();
    this.tracker = new SessionTracker({
      tickMs: config.tickTimeMs,
      nowMs,
      firstSessionId: firstSessionId(options.sessionServerId, env.clock.nowMs()),
      unknownSession: options.unknownSession,
    });
    // Every session that was open gets its whole time to come back.
    for (const [id, timeoutMs] of host.sessionTimeouts) this.tracker.track(id, timeoutMs, nowMs);
    const { enforceQuota, reconfigEnabled } = config;
    const sessions = this.tracker;
    this.preparer = new Preparer({
      tree,
      sessions,
      access,
      zxids,
      enforceQuota,
      reconfigEnabled,
      ensemble: options.ensemble,
      quotaExceeded: (excess) => host.quotaExceeded(excess),
    });
    this.reaper = new ContainerReaper({
      tree,
      timers: env.timers,
      wallMs: () => env.clock.nowMs(),
      intervalMs: config.containerCheckIntervalMs,
      maxPerMinute: config.containerMaxPerMinute,
      maxNeverUsedMs: config.containerMaxNeverUsedMs,
      remove: (path) => host.turn(() => this.removeContainer(path)),
    });
  }

  start(): void {
    this.scheduleExpiry();
    this.reaper.start();
  }

  stop(): void {
    this.isStopped = true;
    this.expiryTimer?.cancel();
    this.reaper.stop();
  }

  prepare(request: Request): void {
    const { clock } = this.host.env;
    const { pipeline } = this.host.stats;
    const startMs = clock.monotonicMs();
    this.preparer.prepare(request, { wallMs: clock.nowMs(), monotonicMs: request.receivedMs });
    const tookMs = Math.round(clock.monotonicMs() - startMs);
    pipeline.prepMs.add(tookMs);
    if (request.type === OpCode.closeSession) pipeline.closeSessionPrepMs.add(tookMs);
  }

  /** A transaction that does nothing but report an error, for a request that became none. */
  refuse(request: Request, error: ErrorCode): TxnEntry {
    return this.preparer.refuse(request, error, this.host.env.clock.nowMs());
  }

  get size(): number {
    return this.tracker.size;
  }

  expiresAtMs(sessionId: bigint): number | undefined {
    return this.tracker.get(sessionId)?.expiresAtMs;
  }

  dump(date: (monotonicMs: number) => string): string[] {
    const buckets = this.tracker.expiryBuckets();
    const text = ['SessionTracker dump:', `Session Sets (${buckets.length})/(${this.tracker.size}):`];
    for (const [expiresAtMs, bucket] of buckets) {
      text.push(`${bucket.size} expire at ${date(expiresAtMs)}:`);
      for (const session of bucket) text.push(`\t${hex(session.id)}`);
    }
    return text;
  }

  private scheduleExpiry(): void {
    const { clock, timers } = this.host.env;
    const delayMs = Math.max(1, Math.ceil(this.tracker.msToNextExpiry(clock.monotonicMs())));
    this.expiryTimer = timers.after(delayMs, () => {
      // When the process was held up, the pings that kept sessions alive wait in the sockets: read them first.
      timers.soon(() => {
        if (this.isStopped) return;
        this.host.turn(() => this.expireSessions());
        this.scheduleExpiry();
      });
    });
  }

  private expireSessions(): void {
    const { env, stats } = this.host;
    for (const sessionId of this.tracker.expire(env.clock.monotonicMs())) {
      stats.staleSessionsExpired++;
      env.log.info('session expired', { sessionId: hex(sessionId) });
      this.submitOwn(sessionId, OpCode.closeSession, Buffer.alloc(0));
    }
  }

  private removeContainer(path: string): void {
    this.host.stats.containersDeleted++;
    const writer = new ByteWriter();
    ustring.write(writer, path);
    this.submitOwn(0n, OpCode.deleteContainer, writer.toBuffer());
  }

  /** A request of the server's own. */
  private submitOwn(sessionId: bigint, type: number, body: Buffer): void {
    if (this.isStopped) return;
    const { env, owner } = this.host;
    const receivedMs = env.clock.monotonicMs();
    this.options.submitOwn({
      sessionId,
      cxid: 0,
      type,
      body,
      client: undefined,
      identities: NO_IDENTITIES,
      owner,
      receivedMs,
    });
  }
}
