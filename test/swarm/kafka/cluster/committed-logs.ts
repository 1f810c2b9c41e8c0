import { RecordBatch } from '../../../../src/wire/kafka/records/batch.ts';
import { contentOf, type SeenRecord } from '../observation.ts';
import { recordsIn } from '../reader.ts';
import type { Durability } from './durability.ts';
import type { BrokerLife, Observation, ReplicaSight, SeenBatch } from './observation.ts';

interface CommittedBatch extends SeenBatch {
  /** Epoch of the leader whose high watermark passed it. */
  readonly committedEpoch: number;
}

interface PartitionLog {
  batches: CommittedBatch[];
  /** A lapse of the promise whose leader has not been seen yet. */
  awaitsLeader: boolean;
  /** After a lapse: lives of brokers whose replica is known to have this log again. */
  verified: Set<string> | undefined;
}

const lifeOf = ({ broker, life }: BrokerLife): string => `${broker}/${life}`;

/** What is wrong with a replica, by the name of the rule that it breaks. */
export interface Verdict {
  readonly rule: 'leader completeness' | 'log matching below the high watermark';
  readonly text: string;
}

/**
 * The one log that the replicas of each partition have to agree on: what leaders' high watermarks have passed.
 * After a lapse of the promise it is cut to what the new leader has, and a replica is judged again once it has
 * been seen to agree.
 */
export class CommittedLogs {
  private readonly logs = new Map<string, PartitionLog>();
  private readonly durability: Durability;

  constructor(durability: Durability) {
    this.durability = durability;
  }

  /** Takes in an observation; gives what it shows to be wrong. */
  see(observation: Observation): Verdict | undefined {
    if (observation.kind === 'promise lapsed' && observation.partition !== undefined) {
      const log = this.logOf(observation.partition);
      log.awaitsLeader = true;
      log.verified = new Set();
    }
    if (observation.kind === 'role') return this.takeRole(observation);
    if (observation.kind === 'high watermark') return this.takeHighWatermark(observation);
    return undefined;
  }

  endOf(partition: string): number {
    return endOf(this.logOf(partition).batches);
  }

  /** All committed records of a partition. */
  recordsOf(partition: string): SeenRecord[] {
    return this.logOf(partition).batches.flatMap(({ bytes }) => recordsIn(bytes));
  }

  /** The committed batch that holds an offset. */
  batchAt(partition: string, offset: number): SeenBatch | undefined {
    return find(this.logOf(partition).batches, offset);
  }

  /** Whether what a replica says is bound by the log: not while it has not come to terms with a lapse. */
  isBound(life: BrokerLife, partition: string): boolean {
    const { verified, awaitsLeader } = this.logOf(partition);
    return verified === undefined || (!awaitsLeader && verified.has(lifeOf(life)));
  }

  private logOf(partition: string): PartitionLog {
    const known = this.logs.get(partition);
    if (known !== undefined) return known;
    const log: PartitionLog = { batches: [], awaitsLeader: false, verified: undefined };
    this.logs.set(partition, log);
    return log;
  }

  private isOutdated({ partition, leaderEpoch }: ReplicaSight): boolean {
    return leaderEpoch < (this.durability.lapseEpoch(partition) ?? 0);
  }

  private takeRole(role: Extract<Observation, { kind: 'role' }>): Verdict | undefined {
    if (this.isOutdated(role)) return undefined;
    const log = this.logOf(role.partition);
    if (!role.isLeader) {
      this.verify(log, role, role.highWatermark);
      return undefined;
    }
    const { broker, partition, leaderEpoch, logEnd } = role;
    if (log.awaitsLeader) {
      this.startFrom(log, role);
      return undefined;
    }
    // What was committed in its own epoch it has committed itself, in an earlier life.
    const due = log.batches.filter(({ committedEpoch }) => committedEpoch <= leaderEpoch);
    const own = role.read(due[0]?.baseOffset ?? 0, endOf(due));
    if (own === undefined) return undefined;
    const missing = firstDifference(due, own, role.isCompacted);
    if (missing !== undefined) {
      const text = `broker ${broker} leads ${partition} in epoch ${leaderEpoch} without what is committed at offset ${missing}; its log ends at ${logEnd}`;
      return { rule: 'leader completeness', text };
    }
    log.verified?.add(lifeOf(role));
    return undefined;
  }

  /** The leader that the promise lapsed with: what it has not is no longer committed. */
  private startFrom(log: PartitionLog, role: Extract<Observation, { kind: 'role' }>): void {
    const own = role.read(0, role.logEnd);
    if (own === undefined) return;
    const at = firstDifference(log.batches, own, role.isCompacted);
    if (at !== undefined) log.batches = log.batches.filter(({ lastOffset }) => lastOffset < at);
    log.awaitsLeader = false;
    log.verified = new Set([lifeOf(role)]);
  }

  private takeHighWatermark(move: Extract<Observation, { kind: 'high watermark' }>): Verdict | undefined {
    const { partition, leaderEpoch, isLeader, broker, to, batches, isCompacted } = move;
    const log = this.logOf(partition);
    if (this.isOutdated(move) || log.awaitsLeader) return undefined;
    if (log.verified !== undefined && !log.verified.has(lifeOf(move))) {
      this.verify(log, move, to);
      return undefined;
    }
    const end = endOf(log.batches);
    if (isLeader) {
      const fresh = batches.filter(({ baseOffset }) => baseOffset >= end);
      for (const batch of fresh) log.batches.push({ ...batch, committedEpoch: leaderEpoch });
    }
    const rule = 'log matching below the high watermark';
    if (to > endOf(log.batches)) {
      const text = `the high watermark of ${partition} is ${to} on broker ${broker}, the committed log ends at ${end}`;
      return { rule, text };
    }
    const due = log.batches.filter(
      ({ baseOffset, lastOffset }) => lastOffset >= move.from && baseOffset < to,
    );
    const at = firstDifference(due, batches, isCompacted);
    if (at === undefined) return undefined;
    const whose = isLeader ? `broker ${broker}, its leader,` : `broker ${broker}`;
    const text = `${partition} has at offset ${at} on ${whose} ${show(find(batches, at))}, committed is ${show(find(log.batches, at))}`;
    return { rule, text };
  }

  /** After a lapse: has this replica come to have the log? */
  private verify(log: PartitionLog, replica: ReplicaSight, highWatermark: number): void {
    if (log.verified === undefined || log.awaitsLeader || highWatermark > endOf(log.batches)) return;
    const due = log.batches.filter(({ lastOffset }) => lastOffset < highWatermark);
    const own = replica.read(0, highWatermark);
    if (own === undefined || firstDifference(due, own, replica.isCompacted) !== undefined) return;
    log.verified.add(lifeOf(replica));
  }
}

function endOf(batches: readonly SeenBatch[]): number {
  return (batches.at(-1)?.lastOffset ?? -1) + 1;
}

function find(batches: readonly SeenBatch[], offset: number): SeenBatch | undefined {
  let low = 0;
  let high = batches.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((batches[middle]?.lastOffset ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  const batch = batches[low];
  return batch !== undefined && batch.baseOffset <= offset ? batch : undefined;
}

/**
 * The first offset at which a replica has not what is due: byte by byte, or in a compacted log record by record,
 * where records may be gone.
 */
export function firstDifference(
  due: readonly SeenBatch[],
  own: readonly SeenBatch[],
  isCompacted: boolean,
): number | undefined {
  for (const batch of due) {
    const found = find(own, batch.baseOffset);
    if (found?.bytes.equals(batch.bytes)) continue;
    if (!isCompacted) return batch.baseOffset;
    const end = endOf(own);
    if (batch.lastOffset >= end) return Math.max(batch.baseOffset, end);
    const contents = new Map(recordsIn(batch.bytes).map((record) => [record.offset, contentOf(record)]));
    const inside = own.filter(
      (each) => each.lastOffset >= batch.baseOffset && each.baseOffset <= batch.lastOffset,
    );
    for (const record of inside.flatMap(({ bytes }) => recordsIn(bytes))) {
      const content = contents.get(record.offset);
      if (content !== undefined && content !== contentOf(record)) return record.offset;
    }
  }
  return undefined;
}

function show(batch: SeenBatch | undefined): string {
  if (batch === undefined) return 'nothing';
  const { leaderEpoch } = new RecordBatch(batch.bytes, 0, batch.bytes.length, 2);
  const contents = recordsIn(batch.bytes).map((record) => contentOf(record).slice(0, 20));
  return `[${contents.join(', ')}] (offsets ${batch.baseOffset} to ${batch.lastOffset}, epoch ${leaderEpoch})`;
}
