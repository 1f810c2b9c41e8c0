import type { DiskFile } from '../../env/disk.ts';
import {
  BATCH_OVERHEAD,
  BatchField,
  batchAt,
  HEADER_SIZE_UP_TO_MAGIC,
  LOG_OVERHEAD,
  MIN_RECORD_SIZE,
  RecordBatch,
} from '../../wire/kafka/records/batch.ts';
import { CorruptBatchError } from '../../wire/kafka/records/errors.ts';
import { type FileComputation, readAt } from './file-io.ts';

/** Reads of a whole segment; large, as every read off the main thread costs a turn. */
const WHOLE_CHUNK_BYTES = 4 * 1024 * 1024;
/** Reads that look for one batch from an index entry on. */
const HEADER_CHUNK_BYTES = 8 * 1024;
const LEGACY_HEADER_BYTES = 26;

/** Stops the scan by returning false. `position` is the batch's place in the file. */
export type BatchVisitor = (batch: RecordBatch, position: number) => boolean | undefined;

export interface ScanRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Visits all whole batches of a part of a segment file. Returns the position where it stopped: of the batch that
 * the visitor refused, of a partial last batch, or the end. Throws CorruptBatchError where no batch can begin.
 */
export function* scanBatches(file: DiskFile, range: ScanRange, visit: BatchVisitor): FileComputation<number> {
  let position = range.from;
  let wanted = WHOLE_CHUNK_BYTES;
  while (position < range.to) {
    const length = Math.min(wanted, range.to - position);
    const buffer = yield* readAt(file, position, length);
    let at = 0;
    for (let batch = batchAt(buffer, at); batch !== undefined; batch = batchAt(buffer, at)) {
      if (visit(batch, position + at) === false) return position + at;
      at = batch.end;
    }
    if (at === 0) {
      if (length < wanted || buffer.length < length) return position;
      wanted = LOG_OVERHEAD + buffer.readInt32BE(BatchField.length);
      if (wanted > range.to - position) return position;
    } else {
      wanted = WHOLE_CHUNK_BYTES;
    }
    position += at;
  }
  return position;
}

/** As {@link scanBatches}, reading headers alone: the visitor may use nothing that lies behind them. */
export function* scanHeaders(file: DiskFile, range: ScanRange, visit: BatchVisitor): FileComputation<number> {
  let position = range.from;
  while (position < range.to) {
    const buffer = yield* readAt(file, position, Math.min(HEADER_CHUNK_BYTES, range.to - position));
    const chunkStart = position;
    while (position - chunkStart < buffer.length) {
      const at = position - chunkStart;
      const batch = headerAt(buffer, at, range.to - position);
      if (batch === undefined) {
        // Cut off by the end of the chunk, not of the file: go on with a chunk that begins here.
        if (at > 0 && chunkStart + buffer.length < range.to) break;
        return position;
      }
      if (visit(batch, position) === false) return position;
      position = chunkStart + batch.end;
    }
    if (buffer.length === 0) return position;
  }
  return position;
}

/** The batch at `at`, of which the buffer holds the header and the file the whole; otherwise undefined. */
export function headerAt(buffer: Buffer, at: number, leftInFile: number): RecordBatch | undefined {
  const left = buffer.length - at;
  if (left < HEADER_SIZE_UP_TO_MAGIC) return undefined;
  const length = buffer.readInt32BE(at + BatchField.length);
  if (length < MIN_RECORD_SIZE) throw new CorruptBatchError(`batch length ${length} is too small`);
  const magic = buffer.readInt8(at + BatchField.magic);
  if (magic !== 0 && magic !== 1 && magic !== 2) throw new CorruptBatchError(`unknown magic ${magic}`);
  if (left < (magic === 2 ? BATCH_OVERHEAD : LEGACY_HEADER_BYTES)) return undefined;
  if (length + LOG_OVERHEAD > leftInFile) return undefined;
  return new RecordBatch(buffer, at, length + LOG_OVERHEAD, magic);
}
