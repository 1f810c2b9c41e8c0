import type { Env } from '../../src/env/env.ts';
import type { Log } from '../../src/env/log.ts';
import { SimRandom } from '../../src/env/sim/sim-random.ts';
import { groupCodec } from '../../src/kafka/coordinator/group/group-codec.ts';
import { DEFAULT_GROUP_CONFIG, type GroupConfig } from '../../src/kafka/coordinator/group/group-config.ts';
import { GroupCoordinator } from '../../src/kafka/coordinator/group/group-coordinator.ts';
import type { GroupShard } from '../../src/kafka/coordinator/group/group-shard.ts';
import { GroupStore } from '../../src/kafka/coordinator/group/group-store.ts';
import type { JoinRequest, JoinResult, SyncResult } from '../../src/kafka/coordinator/group/results.ts';
import { replayBatches } from '../../src/kafka/coordinator/loader.ts';
import type { AppendResult, CoordinatorLog, LoadedChunk } from '../../src/kafka/coordinator/ports.ts';
import { batchAt } from '../../src/wire/kafka/records/batch.ts';
import { VirtualTime } from './virtual-time.ts';

export const quietLog: Log = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => quietLog,
  isEnabled: () => false,
};

/** The log of one partition in memory, with a high watermark that a test may hold back. */
export class MemoryPartitionLog implements CoordinatorLog {
  readonly batches: { baseOffset: number; nextOffset: number; bytes: Buffer }[] = [];
  highWatermark = 0;
  /** Appends are committed at once, as with a single replica. */
  commitAtOnce = true;
  /** What the next appends answer instead of appending. */
  appendError: number | undefined;
  /** What reads answer instead of reading. */
  readError: number | undefined;
  maxBytes = 1_000_000;
  onHighWatermark: ((highWatermark: number) => void) | undefined;

  get endOffset(): number {
    return this.batches.at(-1)?.nextOffset ?? 0;
  }

  append(_partition: number, bytes: Buffer): AppendResult {
    if (this.appendError !== undefined) return { error: this.appendError };
    const batch = batchAt(bytes, 0);
    if (batch === undefined) throw new Error('a whole batch is appended');
    const baseOffset = this.endOffset;
    batch.setBaseOffset(baseOffset);
    const { nextOffset } = batch;
    this.batches.push({ baseOffset, nextOffset, bytes });
    if (this.commitAtOnce) this.commit();
    return { baseOffset, nextOffset };
  }

  /** Puts a batch there that another broker wrote. */
  appendRaw(bytes: Buffer): void {
    this.append(0, bytes);
  }

  async read(
    _partition: number,
    from: number | undefined,
    maxBytes: number,
  ): Promise<LoadedChunk | { error: number }> {
    if (this.readError !== undefined) return { error: this.readError };
    const wanted: Buffer[] = [];
    let size = 0;
    for (const { nextOffset, bytes } of this.batches) {
      if (nextOffset <= (from ?? 0)) continue;
      if (wanted.length > 0 && size + bytes.length > maxBytes) break;
      wanted.push(bytes);
      size += bytes.length;
    }
    return {
      records: Buffer.concat(wanted),
      logStartOffset: this.batches[0]?.baseOffset ?? 0,
      logEndOffset: this.endOffset,
      highWatermark: this.highWatermark,
    };
  }

  maxBatchBytes(): number {
    return this.maxBytes;
  }

  /** Moves the high watermark, to the end unless told otherwise. */
  commit(highWatermark = this.endOffset): void {
    this.highWatermark = highWatermark;
    this.onHighWatermark?.(highWatermark);
  }

  /** What another leader that never got the tail would have made of this log. */
  loseUncommitted(): void {
    while (this.endOffset > this.highWatermark) this.batches.pop();
  }

  /** The state that the log as a whole stands for. */
  replay(): GroupStore {
    const store = new GroupStore();
    for (const { bytes } of this.batches) {
      replayBatches(bytes, { partition: 0, shard: store, codec: groupCodec, log: quietLog });
    }
    return store;
  }
}

/** A promise that can be looked at. */
export interface Watched<T> {
  /** The result, once there is one. */
  value: T | undefined;
  readonly promise: Promise<T>;
}

export function watch<T>(promise: Promise<T>): Watched<T> {
  const watched: Watched<T> = { value: undefined, promise };
  promise.then((value) => {
    watched.value = value;
  });
  return watched;
}

/** Lets promise reactions run out. */
export async function flush(): Promise<void> {
  for (let i = 0; i < 8; i++) await null;
}

export const GROUP = 'readers';
const RANGE = Buffer.from('range-metadata');

/** One coordinator with one partition, on virtual time and a log in memory. */
export class GroupHarness {
  readonly time = new VirtualTime();
  readonly log = new MemoryPartitionLog();
  readonly config: GroupConfig;
  coordinator: GroupCoordinator;
  epoch = 0;
  private readonly env: Pick<Env, 'clock' | 'timers' | 'random' | 'log'>;

  constructor(config: Partial<GroupConfig> = {}, seed = 1) {
    this.config = { ...DEFAULT_GROUP_CONFIG, offsetsTopicPartitions: 1, ...config };
    this.env = { clock: this.time, timers: this.time, random: new SimRandom(seed), log: quietLog };
    this.coordinator = this.newCoordinator();
  }

  static async started(config: Partial<GroupConfig> = {}, seed = 1): Promise<GroupHarness> {
    const harness = new GroupHarness(config, seed);
    await harness.coordinator.elect(0, harness.epoch);
    return harness;
  }

  private newCoordinator(): GroupCoordinator {
    const coordinator = new GroupCoordinator({ env: this.env, config: this.config, partitionLog: this.log });
    this.log.onHighWatermark = (highWatermark) => coordinator.highWatermarkAdvanced(0, highWatermark);
    return coordinator;
  }

  /** The coordinator dies without a word, and another loads what is committed of the log. */
  async failOver(lose: 'uncommitted' | 'nothing' = 'nothing'): Promise<void> {
    if (lose === 'uncommitted') this.log.loseUncommitted();
    this.log.onHighWatermark = undefined;
    this.time.dropTimers();
    this.epoch++;
    this.coordinator = this.newCoordinator();
    this.log.commit();
    await this.coordinator.elect(0, this.epoch);
  }

  get shard(): GroupShard {
    const shard = this.coordinator.shardOf(GROUP);
    if (shard === undefined) throw new Error('the partition is served');
    return shard;
  }

  get state(): string {
    return this.coordinator.describe(GROUP).state;
  }

  /** Time passes and whatever it sets off is answered. */
  async pass(ms: number): Promise<void> {
    this.time.advance(ms);
    await flush();
  }

  joinRequest(over: Partial<JoinRequest> = {}): JoinRequest {
    return {
      groupId: GROUP,
      memberId: '',
      groupInstanceId: null,
      requireKnownMemberId: over.groupInstanceId === undefined,
      supportsSkippingAssignment: true,
      clientId: 'client',
      clientHost: '/127.0.0.1',
      rebalanceTimeoutMs: 60_000,
      sessionTimeoutMs: 10_000,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: RANGE }],
      reason: null,
      ...over,
    };
  }

  join(over: Partial<JoinRequest> = {}): Watched<JoinResult> {
    return watch(this.coordinator.join(this.joinRequest(over)));
  }

  /** A dynamic member as today's clients join: first to get an id, then with it. */
  async enter(over: Partial<JoinRequest> = {}): Promise<{ memberId: string; joined: Watched<JoinResult> }> {
    const { memberId } = await this.join(over).promise;
    return { memberId, joined: this.join({ ...over, memberId }) };
  }

  sync(
    memberId: string,
    generation: number,
    assignments: Readonly<Record<string, string>> = {},
    groupInstanceId: string | null = null,
  ): Watched<SyncResult> {
    return watch(
      this.coordinator.sync({
        groupId: GROUP,
        memberId,
        groupInstanceId,
        generation,
        protocolType: 'consumer',
        protocolName: null,
        assignments: Object.entries(assignments).map(([id, text]) => ({
          memberId: id,
          assignment: Buffer.from(text),
        })),
      }),
    );
  }

  heartbeat(memberId: string, generation: number, groupInstanceId: string | null = null): Promise<number> {
    return this.coordinator.heartbeat({ groupId: GROUP, memberId, generation, groupInstanceId });
  }

  leave(...memberIds: string[]): Promise<unknown> {
    return this.coordinator.leave(
      GROUP,
      memberIds.map((memberId) => ({ memberId, groupInstanceId: null, reason: null })),
    );
  }

  /** Commits one offset per entry `topic-partition`; the errors in order. */
  commit(
    offsets: Readonly<Record<string, number>>,
    by: {
      memberId?: string;
      generation?: number;
      groupId?: string;
      metadata?: string;
      retentionMs?: number;
    } = {},
  ): Watched<readonly number[]> {
    return watch(
      this.coordinator.commitOffsets({
        groupId: by.groupId ?? GROUP,
        memberId: by.memberId ?? '',
        groupInstanceId: null,
        generation: by.generation ?? -1,
        retentionMs: by.retentionMs ?? -1,
        offsets: Object.entries(offsets).map(([name, offset]) => {
          const dash = name.lastIndexOf('-');
          return {
            topic: name.slice(0, dash),
            partition: Number(name.slice(dash + 1)),
            offset,
            leaderEpoch: 3,
            metadata: by.metadata ?? 'm',
            commitTimestampMs: -1,
          };
        }),
      }),
    );
  }

  /** Committed offsets as `topic-partition` -> offset, or the error code as text. */
  committed(groupId = GROUP, requireStable = false): Record<string, number | string> {
    const { error, topics } = this.coordinator.fetchOffsets(groupId, null, requireStable);
    if (error !== 0) return { error };
    const result: Record<string, number | string> = {};
    for (const { topic, partitions } of topics) {
      for (const { partition, offset, error: failure } of partitions) {
        result[`${topic}-${partition}`] = failure === 0 ? offset : `error ${failure}`;
      }
    }
    return result;
  }

  /** A stable group of as many dynamic members; the first leads. */
  async stableGroup(size: number): Promise<string[]> {
    const entered: { memberId: string; joined: Watched<JoinResult> }[] = [];
    for (let i = 0; i < size; i++) entered.push(await this.enter({ clientId: `client-${i}` }));
    await this.pass(this.config.initialRebalanceDelayMs);
    await this.pass(this.config.initialRebalanceDelayMs);
    const ids = entered.map(({ memberId }) => memberId);
    const leader = (await entered[0]?.joined.promise)?.leader ?? '';
    const generation = (await entered[0]?.joined.promise)?.generation ?? 0;
    const plan = Object.fromEntries(ids.map((id, i) => [id, `part ${i}`]));
    const synced = ids.map((id) => this.sync(id, generation, id === leader ? plan : {}));
    await Promise.all(synced.map(({ promise }) => promise));
    return ids;
  }
}
