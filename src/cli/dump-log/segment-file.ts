import type { Disk, DiskFile } from '../../env/disk.ts';
import {
  BATCH_OVERHEAD,
  batchAt,
  HEADER_SIZE_UP_TO_MAGIC,
  LOG_OVERHEAD,
  MIN_RECORD_SIZE,
  type RecordBatch,
} from '../../wire/kafka/records/batch.ts';
import { JavaError } from '../java-error.ts';

export interface BatchInFile {
  readonly batch: RecordBatch;
  readonly position: number;
}

/** A segment's `.log`, read batch by batch. Throws {@link JavaError} where there is none, and for sizes that cannot be. */
export class SegmentFile {
  private readonly file: DiskFile;
  private readonly path: string;
  readonly sizeBytes: number;

  constructor(disk: Disk, path: string) {
    if (disk.stat(path)?.kind !== 'file') throw new JavaError('java.nio.file.NoSuchFileException', path);
    this.path = path;
    this.file = disk.open(path, 'read');
    this.sizeBytes = this.file.size();
  }

  /** The batches from a position on, as far as they are whole and end before `end`. */
  *batches(from: number, end: number): Generator<BatchInFile, void> {
    for (let position = from; position + HEADER_SIZE_UP_TO_MAGIC < end; ) {
      const batch = this.batchAt(position, end);
      if (batch === undefined) return;
      yield { batch, position };
      position += batch.sizeInBytes;
    }
  }

  private batchAt(position: number, end: number): RecordBatch | undefined {
    const header = this.read(position, HEADER_SIZE_UP_TO_MAGIC);
    const size = header.readInt32BE(8);
    if (size < MIN_RECORD_SIZE) {
      throw new JavaError(
        'org.apache.kafka.common.errors.CorruptRecordException',
        `Found record size ${size} smaller than minimum record overhead (${MIN_RECORD_SIZE}) in file ${this.path}.`,
      );
    }
    if (position + LOG_OVERHEAD + size > end) return undefined;
    const magic = header.readInt8(16);
    if (magic === 2 && LOG_OVERHEAD + size < BATCH_OVERHEAD) return undefined;
    return batchAt(this.read(position, LOG_OVERHEAD + size), 0);
  }

  private read(position: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, this.file.read(bytes, position));
  }

  close(): void {
    this.file.close();
  }
}
