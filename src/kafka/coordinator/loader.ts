import { MalformedError } from '../../base/malformed-error.ts';
import type { Log } from '../../env/log.ts';
import { batchesIn, type RecordBatch } from '../../wire/kafka/records/batch.ts';
import { readEndTransactionMarker } from '../../wire/kafka/records/control.ts';
import { firstOffset, readBatch } from '../../wire/kafka/records/records.ts';
import type { CoordinatorCodec, CoordinatorShard } from './shard.ts';

/** What replaying a stretch of the log needs. */
export interface ReplayTarget<R> {
  readonly partition: number;
  readonly shard: Pick<CoordinatorShard<R, unknown>, 'replay' | 'replayEndTransaction'>;
  readonly codec: CoordinatorCodec<R>;
  readonly log: Log;
}

/**
 * Replays whole batches into a shard; gives the offset after the last one, undefined when there is none. Throws for a
 * batch whose checksum or framing is wrong: what follows cannot be trusted. A record that is sound and says something
 * unknown (left by an upgrade that was taken back) or damaged is passed over with a line in the log.
 */
export function replayBatches<R>(buffer: Buffer, target: ReplayTarget<R>): number | undefined {
  let nextOffset: number | undefined;
  for (const batch of batchesIn(buffer)) {
    batch.ensureValid();
    if (batch.isControl) replayControl(batch, target);
    else replayRecords(batch, target);
    nextOffset = batch.nextOffset;
  }
  return nextOffset;
}

function replayControl<R>(batch: RecordBatch, target: ReplayTarget<R>): void {
  for (const record of readBatch(batch)) {
    const marker = readEndTransactionMarker(record);
    if (marker !== undefined) target.shard.replayEndTransaction(batch.producerId, marker.type === 'COMMIT');
  }
}

function replayRecords<R>(batch: RecordBatch, target: ReplayTarget<R>): void {
  const position = {
    baseOffset: firstOffset(batch),
    producerId: batch.isTransactional ? batch.producerId : undefined,
  };
  for (const { offset, key, value } of readBatch(batch)) {
    const record = decode(key, value, offset, target);
    if (record !== undefined) target.shard.replay(record, position);
  }
}

function decode<R>(
  key: Buffer | null,
  value: Buffer | null,
  offset: number,
  { codec, log, partition }: ReplayTarget<R>,
): R | undefined {
  if (key === null) {
    log.error('skipping a record without a key', { partition, offset });
    return undefined;
  }
  try {
    const record = codec.decode(key, value);
    if (record === undefined) log.warn('skipping a record of an unknown type', { partition, offset });
    return record;
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    log.error('skipping a record that cannot be read', { partition, offset, error: error.message });
    return undefined;
  }
}
