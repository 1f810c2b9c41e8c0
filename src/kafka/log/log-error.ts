import { MalformedError } from '../../base/malformed-error.ts';
/** The protocol errors that a log itself can raise, by their names in Kafka's error table. */
export type LogErrorName =
  | 'CORRUPT_MESSAGE'
  | 'INCONSISTENT_TOPIC_ID'
  | 'INVALID_PRODUCER_EPOCH'
  | 'INVALID_RECORD'
  | 'INVALID_TXN_STATE'
  | 'KAFKA_STORAGE_ERROR'
  | 'OFFSET_OUT_OF_RANGE'
  | 'OUT_OF_ORDER_SEQUENCE_NUMBER'
  | 'RECORD_LIST_TOO_LARGE'
  | 'TRANSACTION_COORDINATOR_FENCED'
  | 'UNSUPPORTED_FOR_MESSAGE_FORMAT';

/**
 * A request that this log cannot fulfil. `error` is the name in the protocol's error table, which the API handler
 * answers for the partition.
 */
export class LogError extends Error {
  override name = 'LogError';
  readonly error: LogErrorName;

  constructor(error: LogErrorName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.error = error;
  }
}

/** The log directory has failed, now or earlier: nothing in it can be served until a restart. */
export function storageError(message: string, cause?: unknown): LogError {
  return new LogError('KAFKA_STORAGE_ERROR', message, cause === undefined ? undefined : { cause });
}

/** Whether an exception came from the disk (`ENOSPC`, `EIO`, `ENOENT`, ...) rather than from a bug. */
export function isDiskError(error: unknown): error is Error & { code: string } {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    /^E[A-Z0-9]+$/.test(error.code)
  );
}

/** Whether the process, or the system, has as many files open as it may: the disk itself is sound. */
export function isOutOfDescriptors(error: unknown): boolean {
  return isDiskError(error) && (error.code === 'EMFILE' || error.code === 'ENFILE');
}

/** The message of a disk error, with what to do where the disk is not to blame. */
export function describeDiskError(error: Error): string {
  if (!isOutOfDescriptors(error)) return error.message;
  return `${error.message}: raise the limit of open files (ulimit -n) above the number of segments and connections`;
}

/** Bytes in a segment that follow no format are the reader's to know: CORRUPT_MESSAGE. Other errors stay as they are. */
export function damageAsLogError(error: unknown): unknown {
  return error instanceof MalformedError
    ? new LogError('CORRUPT_MESSAGE', error.message, { cause: error })
    : error;
}
