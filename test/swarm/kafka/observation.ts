import { History, type Invariant } from '../invariant.ts';

/** Records as clients know them. Values are unique but for tombstones, which have none. */
export interface SeenRecord {
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly timestamp: number;
}

export type SentRecord = Pick<SeenRecord, 'key' | 'value'>;

/** What tells a record from others at a glance. */
export function contentOf({ key, value }: SentRecord): string {
  return key === null ? `${value}` : `${key}=${value}`;
}

/** One batch that a producer tries to append, perhaps several times. `partition` is `topic-number`. */
export interface SentBatch {
  readonly producer: number;
  readonly isIdempotent: boolean;
  readonly partition: string;
  readonly records: readonly SentRecord[];
  readonly timestamp: number;
}

/** What clients saw. `invokedAt` is the position in the history at which the request was sent. */
export type ClientObservation =
  | { kind: 'sent'; batch: SentBatch }
  /** With acks=all. */
  | { kind: 'acknowledged'; batch: SentBatch; baseOffset: number }
  /** The broker has refused the batch for its sequence number or its producer's state. */
  | { kind: 'out of sequence'; batch: SentBatch; errorCode: number }
  | {
      kind: 'fetched';
      reader: string;
      broker: number;
      partition: string;
      fetchOffset: number;
      highWatermark: number;
      /** Only the last record of each key need be there. */
      isCompacted: boolean;
      records: readonly SeenRecord[];
      invokedAt: number;
    }
  | { kind: 'committed'; member: string; partition: string; offset: number }
  | { kind: 'commit found'; partition: string; offset: number; invokedAt: number }
  /** A member read from where its group was, and the log does not reach it. */
  | { kind: 'out of range'; member: string; partition: string; offset: number }
  | { kind: 'offset by time'; partition: string; timestamp: number; offset: number }
  /** Everything in a partition, read from its beginning when all is calm. */
  | {
      kind: 'whole log';
      partition: string;
      highWatermark: number;
      isCompacted: boolean;
      records: readonly SeenRecord[];
    };

/**
 * From here on an end of a partition may be lost, by the rules: its replicas had it in page caches only and lost
 * power, or one was elected that had it not. Undefined is every partition, and every group.
 */
export type PromiseLapsed = { kind: 'promise lapsed'; partition: string | undefined };

export type KafkaObservation = ClientObservation | PromiseLapsed;

/** What clients need of a history. */
export interface ClientHistory {
  readonly length: number;
  record(observation: KafkaObservation): void;
  /**
   * Changes whenever the promise lapses. What a broker answers about a partition counts only when this is the same
   * before the request and after the answer; undefined is nothing that could count.
   */
  standing(partition: string, broker: number): number | undefined;
}

/** Two numbers in one. */
const BEYOND_LAPSES = 2 ** 20;

/** The history of one run. */
export class KafkaHistory<O extends { kind: string } = KafkaObservation>
  extends History<O | KafkaObservation>
  implements ClientHistory
{
  private readonly lapses = new Map<string, number>();
  private lapsesOfAll = 0;
  private readonly worth: (partition: string, broker: number) => number | undefined;

  /** `worth` says whether a broker's word about a partition is worth anything at the moment, and which moment it is. */
  constructor(
    invariants: readonly Invariant<O | KafkaObservation>[],
    worth: (partition: string, broker: number) => number | undefined = () => 0,
  ) {
    super(invariants);
    this.worth = worth;
  }

  promiseLapsed(partition?: string): void {
    if (partition === undefined) this.lapsesOfAll++;
    else this.lapses.set(partition, (this.lapses.get(partition) ?? 0) + 1);
    this.record({ kind: 'promise lapsed', partition });
  }

  standing(partition: string, broker: number): number | undefined {
    const worth = this.worth(partition, broker);
    if (worth === undefined) return undefined;
    return worth * BEYOND_LAPSES + this.lapsesOfAll + (this.lapses.get(partition) ?? 0);
  }
}
