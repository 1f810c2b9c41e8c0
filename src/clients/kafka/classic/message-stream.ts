import type { LogRecord, RecordHeader } from '../../../wire/kafka/records/record.ts';
import { KafkaError } from '../kafka-error.ts';
import type { OwnedPartition } from './owned-partition.ts';

/** A record as a stream hands it out. */
export interface ClassicMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since the epoch; -1 in logs from before 0.10. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

interface Chunk {
  readonly owned: OwnedPartition;
  readonly records: readonly LogRecord[];
  next: number;
}

interface Waiter {
  resolve(result: IteratorResult<ClassicMessage, undefined>): void;
  reject(error: Error): void;
}

/**
 * The records of some partitions of the subscription, one after another: for `for await`, one loop a stream.
 *
 * A record counts as consumed when the next one is asked for. What a loop was working on while its partition went to
 * another member comes again there, so each record comes at least once. (In 0.8 it counted when it was handed out.)
 */
export class MessageStream implements AsyncIterableIterator<ClassicMessage, undefined> {
  private readonly chunks: Chunk[] = [];
  private handedOut: { readonly owned: OwnedPartition; readonly offset: number } | undefined;
  private waiter: Waiter | undefined;
  private outcome: { readonly error: Error | undefined } | undefined;
  private readonly onRoom: () => void;

  /** @internal */
  constructor(onRoom: () => void) {
    this.onRoom = onRoom;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next record, as soon as there is one; done after the consumer was closed. */
  next(): Promise<IteratorResult<ClassicMessage, undefined>> {
    if (this.waiter !== undefined) {
      const problem =
        'somebody waits for the next record already: read a stream in one loop, or ask for more';
      return Promise.reject(new KafkaError('INVALID_STATE', problem));
    }
    this.consume();
    return new Promise((resolve, reject) => {
      this.waiter = { resolve, reject };
      this.settle();
    });
  }

  /** The loop was left: its last record counts as consumed; the stream may be gone on with. */
  return(): Promise<IteratorResult<ClassicMessage, undefined>> {
    this.consume();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** @internal How many fetched chunks of a partition wait here. */
  chunksOf(owned: OwnedPartition): number {
    return this.chunks.filter((chunk) => chunk.owned === owned).length;
  }

  /** @internal */
  push(owned: OwnedPartition, records: readonly LogRecord[]): void {
    if (this.outcome !== undefined || owned.isRevoked) return;
    this.chunks.push({ owned, records, next: 0 });
    this.settle();
  }

  /** @internal Ends the stream, for a reason when it is not in good order. */
  end(error?: Error): void {
    this.outcome ??= { error };
    this.chunks.length = 0;
    this.settle();
  }

  private consume(): void {
    if (this.handedOut === undefined) return;
    const { owned, offset } = this.handedOut;
    owned.consumedOffset = offset + 1;
    this.handedOut = undefined;
  }

  private settle(): void {
    if (this.waiter === undefined) return;
    const message = this.take();
    if (message !== undefined) this.waiter.resolve({ done: false, value: message });
    else if (this.outcome?.error !== undefined) this.waiter.reject(this.outcome.error);
    else if (this.outcome !== undefined) this.waiter.resolve({ done: true, value: undefined });
    else return;
    this.waiter = undefined;
  }

  private take(): ClassicMessage | undefined {
    for (let chunk = this.chunks[0]; chunk !== undefined; chunk = this.chunks[0]) {
      const { owned, records } = chunk;
      const record = owned.isRevoked ? undefined : records[chunk.next++];
      if (record === undefined) {
        this.chunks.shift();
        this.onRoom();
        continue;
      }
      this.handedOut = { owned, offset: record.offset };
      const { topic, partition } = owned;
      const { offset, timestamp, key, value, headers } = record;
      return { topic, partition, offset, timestamp, key, value, headers };
    }
    return undefined;
  }
}
