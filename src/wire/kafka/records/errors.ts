import { MalformedError } from '../../../base/malformed-error.ts';

/** A batch whose frame, size or checksum is wrong; CORRUPT_MESSAGE on the wire. */
export class CorruptBatchError extends MalformedError {
  override name = 'CorruptBatchError';
}

/** A batch with a good frame but records that do not follow the format; INVALID_RECORD on the wire. */
export class InvalidRecordError extends MalformedError {
  override name = 'InvalidRecordError';
}

/** A codec that the batch may not use; UNSUPPORTED_COMPRESSION_TYPE on the wire. */
export class UnsupportedCompressionError extends MalformedError {
  override name = 'UnsupportedCompressionError';
}

/** Compressed bytes that do not follow their codec's format. */
export class DecompressionError extends MalformedError {
  override name = 'DecompressionError';
}

/** Compressed bytes that would become larger than the limit: a decompression bomb or a wrong setting. */
export class DecompressionLimitError extends DecompressionError {
  override name = 'DecompressionLimitError';
  readonly limitBytes: number;

  constructor(limitBytes: number) {
    super(`compressed records unpack to more than ${limitBytes} bytes`);
    this.limitBytes = limitBytes;
  }
}
