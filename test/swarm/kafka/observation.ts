import { History } from '../invariant.ts';

/** Records as clients know them: by their unique values. */
export interface SeenRecord {
  readonly offset: number;
  readonly value: string;
  readonly timestamp: number;
}

/** One batch that a producer tries to append, perhaps several times. */
export interface SentBatch {
  readonly producer: number;
  readonly isIdempotent: boolean;
  readonly partition: number;
  readonly values: readonly string[];
  readonly timestamp: number;
}

/** What happened, as clients saw it. `invokedAt` is the position in the history at which the request was sent. */
export type KafkaObservation =
  | { kind: 'sent'; batch: SentBatch }
  /** `era` counts the losses of unsynced records before the request was sent. */
  | { kind: 'acknowledged'; batch: SentBatch; baseOffset: number; era: number }
  /** The broker has refused the batch for its sequence number or its producer's state. */
  | { kind: 'out of sequence'; batch: SentBatch; errorCode: number }
  | {
      kind: 'fetched';
      reader: string;
      partition: number;
      fetchOffset: number;
      highWatermark: number;
      records: readonly SeenRecord[];
      invokedAt: number;
    }
  | { kind: 'committed'; member: string; partition: number; offset: number }
  | { kind: 'commit found'; partition: number; offset: number; invokedAt: number }
  | { kind: 'offset by time'; partition: number; timestamp: number; offset: number }
  /** The broker's machine has lost power while records may be in the page cache only. */
  | { kind: 'unsynced records lost' }
  /** Everything in a partition, read from its beginning when all is calm. */
  | { kind: 'whole log'; partition: number; highWatermark: number; records: readonly SeenRecord[] };

/** The history of one run. */
export class KafkaHistory extends History<KafkaObservation> {
  /** How often records that were not synced may have been lost. */
  era = 0;

  unsyncedLost(): void {
    this.era++;
    this.record({ kind: 'unsynced records lost' });
  }
}
