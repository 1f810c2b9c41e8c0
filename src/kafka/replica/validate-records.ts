import { MalformedError } from '../../base/malformed-error.ts';
import type { ErrorName } from '../../wire/kafka/errors.ts';
import {
  batchesIn,
  type CompressionName,
  type Magic,
  NO_TIMESTAMP,
  type RecordBatch,
} from '../../wire/kafka/records/batch.ts';
import { RecordBatchBuilder } from '../../wire/kafka/records/builder.ts';
import {
  CorruptBatchError,
  DecompressionError,
  DecompressionLimitError,
  UnsupportedCompressionError,
} from '../../wire/kafka/records/errors.ts';
import { buildLegacySet, unwrap } from '../../wire/kafka/records/legacy.ts';
import type { LogRecord } from '../../wire/kafka/records/record.ts';
import { RecordScanner } from '../../wire/kafka/records/record-scanner.ts';
import { batchBody, readBatch } from '../../wire/kafka/records/records.ts';
import type { TopicSettings } from './topic-settings.ts';

/** One record of a batch that may not be appended. */
export interface RecordErrorDetail {
  batchIndex: number;
  message: string;
}

/** Records that may not be appended: the error of their partition, and which records are to blame (KIP-467). */
export class RecordsRejectedError extends Error {
  override name = 'RecordsRejectedError';
  readonly error: ErrorName;
  readonly recordErrors: readonly RecordErrorDetail[];

  constructor(error: ErrorName, message: string, recordErrors: readonly RecordErrorDetail[] = []) {
    super(message);
    this.error = error;
    this.recordErrors = recordErrors;
  }
}

export interface ValidationOptions {
  readonly settings: TopicSettings;
  /** The topic's `max.message.bytes`. */
  readonly maxMessageBytes: number;
  /** The topic is compacted: every record needs a key. */
  readonly compact: boolean;
  /** The format to append: 2, or older with `log.message.format.version` and a protocol before 3.0. */
  readonly magic: Magic;
  /** Where the records will begin: old formats say so inside. */
  readonly nextOffset: number;
  /** Wall clock. */
  readonly nowMs: number;
  /** Most bytes that a compressed batch may unpack to. */
  readonly uncompressedLimitBytes: number;
}

export interface ValidatedRecords {
  /** What to append: the bytes that came in, changed in place, or new ones after a conversion. */
  readonly records: Buffer;
  /** The append time that the records got, -1 when they keep their own. */
  readonly logAppendTimeMs: number;
}

const MAX_SHOWN_ERRORS = 3;

/**
 * Checks and completes what a producer sent, as Apache's `UnifiedLog.analyzeAndValidateRecords` and `LogValidator`
 * do: size, checksum, count against offsets, every record's structure, keys on compacted topics, timestamps; sets
 * append time; converts another format or codec and broken inner offsets to new batches. Throws
 * {@link RecordsRejectedError}.
 */
export function validateRecords(records: Buffer, options: ValidationOptions): ValidatedRecords {
  try {
    return validate(records, options);
  } catch (error) {
    throw error instanceof MalformedError ? rejected(error) : error;
  }
}

/** The protocol's error for records that cannot even be read. */
export function rejected(error: MalformedError): RecordsRejectedError {
  return new RecordsRejectedError(errorNameOf(error), error.message);
}

function errorNameOf(error: MalformedError): ErrorName {
  if (error instanceof DecompressionLimitError) return 'MESSAGE_TOO_LARGE';
  if (error instanceof CorruptBatchError || error instanceof DecompressionError) return 'CORRUPT_MESSAGE';
  if (error instanceof UnsupportedCompressionError) return 'UNSUPPORTED_COMPRESSION_TYPE';
  return 'INVALID_RECORD';
}

function validate(records: Buffer, options: ValidationOptions): ValidatedRecords {
  const batches = [...batchesIn(records)];
  const [first] = batches;
  if (first === undefined) throw invalid('there is no batch');
  let source: CompressionName = 'none';
  for (const batch of batches) {
    checkBatch(batch, first, options);
    if (batch.isCompressed) source = batch.compression;
  }
  if (batches.length > 1 && (first.magic === 2 || source !== 'none'))
    throw invalid('there is more than one batch');
  const wanted = options.settings.compressionType;
  const target = wanted === 'producer' ? source : wanted;
  if (options.magic < 2) return rebuildLegacy(batches, target, options);
  if (first.magic < 2 || target !== source) return rebuild(batches, target, options);
  const { maxTimestamp, sequential } = scan(first, options);
  // Some old clients number the records of a compressed batch wrongly; they are numbered anew, not refused.
  if (source !== 'none' && !sequential) return rebuild(batches, target, options);
  const { timestampType } = options.settings;
  const logAppendTimeMs = timestampType === 'LogAppendTime' ? options.nowMs : -1;
  first.setMaxTimestamp(timestampType, logAppendTimeMs >= 0 ? logAppendTimeMs : maxTimestamp);
  // Bytes after the last whole batch are dropped, as Apache's `trimInvalidBytes` does.
  return { records: records.subarray(0, first.end), logAppendTimeMs };
}

function invalid(message: string): RecordsRejectedError {
  return new RecordsRejectedError('INVALID_RECORD', message);
}

/** Checks of the header alone. */
function checkBatch(batch: RecordBatch, first: RecordBatch, options: ValidationOptions): void {
  if (batch.magic === 2 && batch.baseOffset !== 0) {
    throw invalid(`a produced batch has base offset ${batch.baseOffset}, not 0`);
  }
  if (batch.sizeInBytes > options.maxMessageBytes) {
    throw new RecordsRejectedError(
      'MESSAGE_TOO_LARGE',
      `a batch of ${batch.sizeInBytes} bytes, max.message.bytes is ${options.maxMessageBytes}`,
    );
  }
  batch.ensureValid();
  if (batch.magic !== first.magic) throw invalid(`magic ${batch.magic} after magic ${first.magic}`);
  if (batch.magic < 2) return;
  if (options.magic < 2 && (batch.hasProducerId || batch.isTransactional)) {
    throw new RecordsRejectedError(
      'UNSUPPORTED_FOR_MESSAGE_FORMAT',
      `magic ${options.magic} knows no idempotent or transactional producers`,
    );
  }
  const { count = 0, lastOffsetDelta } = batch;
  if (lastOffsetDelta < 0 || count <= 0 || lastOffsetDelta + 1 !== count) {
    throw invalid(`a batch of offsets 0 to ${lastOffsetDelta} announces ${count} records`);
  }
  if (batch.isControl) throw invalid('clients may not write control batches');
  if (batch.hasProducerId && batch.baseSequence < 0) {
    throw invalid(`a batch of producer ${batch.producerId} has sequence ${batch.baseSequence}`);
  }
}

/** Collects what is wrong with records, and throws it together at the end of their batch. */
class RecordErrors {
  private readonly options: ValidationOptions;
  private readonly batch: RecordBatch;
  private readonly details: RecordErrorDetail[] = [];
  private timestampError = false;

  constructor(batch: RecordBatch, options: ValidationOptions) {
    this.batch = batch;
    this.options = options;
  }

  check(batchIndex: number, hasKey: boolean, timestamp: number): void {
    if (this.options.compact && !hasKey) {
      this.details.push({ batchIndex, message: 'Compacted topic cannot accept message without key' });
      return;
    }
    const problem = this.timestampProblem(timestamp);
    if (problem === undefined) return;
    this.timestampError = true;
    this.details.push({ batchIndex, message: problem });
  }

  private timestampProblem(timestamp: number): string | undefined {
    const { settings, nowMs } = this.options;
    if (settings.timestampType === 'CreateTime' && timestamp !== NO_TIMESTAMP) {
      const ageMs = nowMs - timestamp;
      if (ageMs <= settings.timestampBeforeMaxMs && -ageMs <= settings.timestampAfterMaxMs) return undefined;
      return `Timestamp ${timestamp} is out of range; the clock of the broker says ${nowMs}`;
    }
    if (this.batch.timestampType !== 'LogAppendTime') return undefined;
    return 'Invalid timestamp type: a producer may not set LogAppendTime';
  }

  throwAny(): void {
    if (this.details.length === 0) return;
    if (this.timestampError) {
      const message = 'One or more records have been rejected due to invalid timestamp';
      throw new RecordsRejectedError('INVALID_TIMESTAMP', message, this.details);
    }
    const shown = this.details.slice(0, MAX_SHOWN_ERRORS).map(({ message }) => message);
    const message = `One or more records have been rejected, ${this.details.length} in all: ${shown.join('; ')}`;
    throw new RecordsRejectedError('INVALID_RECORD', message, this.details);
  }
}

/** Checks every record of a magic 2 batch. */
function scan(batch: RecordBatch, options: ValidationOptions): { maxTimestamp: number; sequential: boolean } {
  const { count = 0, baseTimestamp } = batch;
  const scanner = new RecordScanner(batchBody(batch, options.uncompressedLimitBytes), count);
  const errors = new RecordErrors(batch, options);
  const appendTime = batch.timestampType === 'LogAppendTime' ? batch.maxTimestamp : undefined;
  let maxTimestamp = NO_TIMESTAMP;
  let sequential = true;
  for (let index = 0; scanner.next(); index++) {
    const timestamp = appendTime ?? baseTimestamp + scanner.timestampDelta;
    errors.check(index, scanner.hasKey, timestamp);
    if (timestamp > maxTimestamp) maxTimestamp = timestamp;
    if (scanner.offsetDelta !== index) sequential = false;
  }
  errors.throwAny();
  return { maxTimestamp, sequential };
}

/** Writes all records into one new batch of the target codec. */
function rebuild(
  batches: readonly RecordBatch[],
  target: CompressionName,
  options: ValidationOptions,
): ValidatedRecords {
  const [first] = batches;
  if (first === undefined) throw invalid('there is no batch');
  const appendTime = options.settings.timestampType === 'LogAppendTime';
  const builder = new RecordBatchBuilder({
    compression: target,
    compressionLevel: options.settings.compressionLevel,
    producerId: first.producerId,
    producerEpoch: first.producerEpoch,
    baseSequence: first.baseSequence,
    transactional: first.isTransactional,
    ...(appendTime ? { logAppendTimeMs: options.nowMs } : {}),
  });
  for (const record of checkedRecords(batches, options)) builder.append(record);
  const records = builder.build();
  checkConverted(records, options);
  return { records, logAppendTimeMs: appendTime ? options.nowMs : -1 };
}

/** Writes all records as messages of an old format, under the offsets that they will have. */
function rebuildLegacy(
  batches: readonly RecordBatch[],
  target: CompressionName,
  options: ValidationOptions,
): ValidatedRecords {
  const magic = options.magic === 0 ? 0 : 1;
  if (target === 'zstd') {
    throw new UnsupportedCompressionError(`zstd does not exist in magic ${magic}`);
  }
  const { timestampType } = options.settings;
  const appendTime = timestampType === 'LogAppendTime' && magic > 0;
  const drafts = Array.from(checkedRecords(batches, options), (record, index) => {
    if (record.headers.length > 0) {
      throw new RecordsRejectedError(
        'UNKNOWN_SERVER_ERROR',
        `magic ${magic} does not support record headers`,
      );
    }
    return { ...record, offset: options.nextOffset + index };
  });
  const records = buildLegacySet(drafts, {
    magic,
    compression: target,
    ...(appendTime ? { timestampType, logAppendTimeMs: options.nowMs } : {}),
  });
  checkConverted(records, options);
  return { records, logAppendTimeMs: appendTime ? options.nowMs : -1 };
}

/** All records, each checked by the rules of the topic; those of one batch are judged together at its end. */
function* checkedRecords(
  batches: readonly RecordBatch[],
  options: ValidationOptions,
): Generator<LogRecord, void> {
  for (const batch of batches) {
    if (batch.magic < 2 && batch.isCompressed) checkInner(batch, options.uncompressedLimitBytes);
    const errors = new RecordErrors(batch, options);
    let index = 0;
    for (const record of readBatch(batch, options.uncompressedLimitBytes)) {
      errors.check(index, record.key !== null, record.timestamp);
      yield record;
      index++;
    }
    errors.throwAny();
  }
}

function checkConverted(records: Buffer, options: ValidationOptions): void {
  for (const { sizeInBytes } of batchesIn(records)) {
    if (sizeInBytes <= options.maxMessageBytes) continue;
    throw new RecordsRejectedError(
      'MESSAGE_TOO_LARGE',
      `a batch of ${sizeInBytes} bytes after conversion, max.message.bytes is ${options.maxMessageBytes}`,
    );
  }
}

/** Messages inside a wrapper of magic 0 or 1 have checksums of their own. */
function checkInner(wrapper: RecordBatch, limitBytes: number): void {
  for (const message of unwrap(wrapper, limitBytes)) message.ensureValid();
}
