import { Readable } from 'node:stream';
import type { ConsumerRecord } from './consumer-record.ts';

interface StreamSource<K, V> {
  /** The next record; undefined when the consumer has been closed. Nothing counts as dealt with by that. */
  next(signal: AbortSignal): Promise<ConsumerRecord<K, V> | undefined>;
  /** The record has been dealt with. */
  done(record: ConsumerRecord<K, V>): void;
}

/**
 * Records as a stream of objects, read no more than one ahead. A stream asks for the next while the one before is on its
 * way out: a record counts as dealt with when the second one after it is asked for.
 */
export function recordStream<K, V>(source: StreamSource<K, V>): Readable {
  const controller = new AbortController();
  let before: ConsumerRecord<K, V> | undefined;
  let last: ConsumerRecord<K, V> | undefined;
  return new Readable({
    objectMode: true,
    highWaterMark: 1,
    read() {
      if (before !== undefined) source.done(before);
      before = last;
      source.next(controller.signal).then(
        (record) => {
          last = record;
          this.push(record ?? null);
        },
        (error: unknown) => {
          if (!controller.signal.aborted)
            this.destroy(error instanceof Error ? error : new Error(String(error)));
        },
      );
    },
    destroy(error, callback) {
      controller.abort();
      callback(error);
    },
  });
}
