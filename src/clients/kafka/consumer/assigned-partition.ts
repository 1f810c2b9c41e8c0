import type { TopicPartition } from '../cluster/cluster-metadata.ts';
import type { OffsetReset } from './consumer-options.ts';

/** Data of one partition out of one fetch answer, waiting to be handed out. */
export interface FetchedChunk {
  /** The position that it was asked for; it is of no use at another one. */
  readonly fromOffset: number;
  /** Behind its last whole batch. */
  readonly endOffset: number;
  /** Of its last batch. */
  readonly leaderEpoch: number;
  readonly bytes: Buffer;
  readonly abortedTransactions: readonly { producerId: bigint; firstOffset: number }[] | null;
}

/**
 * Where a partition stands:
 *
 *     unknown --a committed offset--> fetching
 *     unknown, fetching --no offset, seekToBeginning and the like--> resetting --ListOffsets--> fetching
 *     unknown, resetting, fetching --seek--> fetching
 *     fetching --its leader has another epoch--> validating --OffsetForLeaderEpoch--> fetching, resetting
 */
export type PartitionPhase = 'unknown' | 'resetting' | 'validating' | 'fetching';

/** What to reset a position to; a `timestamp` as ListOffsets takes it. */
export type ResetTarget = Exclude<OffsetReset, 'none'>;

/**
 * One partition that the consumer reads. Three offsets run ahead of each other: `consumed` (of the records that have
 * been dealt with: the next was asked for), `position` (of the next record to hand out) and `fetchOffset` (of the next
 * to ask the broker for, while `chunks` wait between).
 */
export class AssignedPartition implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  phase: PartitionPhase = 'unknown';
  resetTo: ResetTarget | undefined;
  position = -1;
  /** Leader epoch of the record before `position`; -1 where it is not known. */
  positionEpoch = -1;
  consumed = -1;
  consumedEpoch = -1;
  /** What the group has as committed, as far as this consumer knows; -1 for nothing. */
  committed = -1;
  fetchOffset = -1;
  fetchEpoch = -1;
  /** Of the leader for which the position is known to be right; -1 before any. */
  leaderEpoch = -1;
  /** -1 until a fetch tells. */
  highWatermark = -1;
  lastStableOffset = -1;
  logStartOffset = -1;
  readonly chunks: FetchedChunk[] = [];
  bufferedBytes = 0;
  paused = false;
  /** Whether it stands in the row of those that have something to hand out. */
  inLine = false;
  /** The replica to read from, which the leader has named, and until when (KIP-392). */
  preferredReplica: { readonly nodeId: number; readonly untilMs: number } | undefined;
  /** Not asked for before, after a failure. On the monotonic clock. */
  notBeforeMs = 0;
  /** The broker has nothing at `fetchOffset`: the position is reset once what waits has been handed out. */
  outOfRange = false;
  /** Grows whenever the position jumps: what was asked for before is of no use then. */
  jumps = 0;
  /** No longer assigned. */
  gone = false;

  constructor({ topic, partition }: TopicPartition) {
    this.topic = topic;
    this.partition = partition;
  }

  /** Moves the position; what waits or is under way falls away. */
  jump(offset: number, epoch = -1): void {
    this.phase = 'fetching';
    this.resetTo = undefined;
    this.position = offset;
    this.positionEpoch = epoch;
    this.consumed = offset;
    this.consumedEpoch = epoch;
    this.forgetFetched();
  }

  /** The position is to be looked up. */
  reset(to: ResetTarget): void {
    this.phase = 'resetting';
    this.resetTo = to;
    this.forgetFetched();
  }

  /** What was fetched and not handed out falls away; the next fetch asks for the position. */
  forgetFetched(): void {
    this.jumps++;
    this.fetchOffset = this.position;
    this.fetchEpoch = this.positionEpoch;
    this.chunks.length = 0;
    this.bufferedBytes = 0;
    this.outOfRange = false;
  }

  /** The records that have been handed out count as dealt with. */
  consume(): void {
    if (this.phase !== 'fetching' && this.phase !== 'validating') return;
    this.consumed = this.position;
    this.consumedEpoch = this.positionEpoch;
  }

  /** The records before this offset count as dealt with, if they have been handed out and the position has not jumped. */
  consumeTo(offset: number, epoch: number): void {
    if (!this.hasPosition || offset > this.position || offset <= this.consumed) return;
    this.consumed = offset;
    this.consumedEpoch = epoch;
  }

  get hasPosition(): boolean {
    return this.phase === 'fetching' || this.phase === 'validating';
  }

  toString(): string {
    return `${this.topic}-${this.partition}`;
  }
}
