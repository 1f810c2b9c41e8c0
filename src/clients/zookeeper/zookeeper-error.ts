import { ErrorCode, type ErrorName, errorInfo } from '../../wire/zookeeper/errors.ts';

/** Failures of the way to a server, or of its patience: the same request may succeed later. */
const RETRIABLE: ReadonlySet<ErrorName> = new Set([
  'CONNECTIONLOSS',
  'OPERATIONTIMEOUT',
  'REQUESTTIMEOUT',
  'SESSIONMOVED',
]);

/**
 * An operation that ZooKeeper, or the way to it, refused. `CONNECTIONLOSS` leaves open whether a write happened;
 * after `SESSIONEXPIRED` the client is of no more use.
 */
export class ZooKeeperError extends Error {
  override name = 'ZooKeeperError';
  /** Name of the error in `KeeperException.Code`. */
  readonly code: ErrorName;
  /** The same as a number. */
  readonly errorCode: number;
  /** Path that the operation was for; empty when it was for none. */
  readonly path: string;
  /** Position of the first refused operation of a multi. */
  readonly opIndex: number | undefined;

  constructor(code: ErrorName, path: string, details: { opIndex?: number; text?: string } = {}) {
    const at = path === '' ? '' : ` (${path})`;
    super(`${code}: ${details.text ?? errorInfo(ErrorCode[code])?.text ?? code}${at}`);
    this.code = code;
    this.errorCode = ErrorCode[code];
    this.path = path;
    this.opIndex = details.opIndex;
  }

  /**
   * Whether the same request may succeed later in this session. A write that failed so may have happened all the
   * same: see `withRetries` and `createProtected`.
   */
  get retriable(): boolean {
    return RETRIABLE.has(this.code);
  }

  /** The error with that number; one that this client does not know is a SYSTEMERROR. */
  static of(errorCode: number, path: string, opIndex?: number): ZooKeeperError {
    const code = errorInfo(errorCode)?.name;
    return new ZooKeeperError(code ?? 'SYSTEMERROR', path, {
      ...(opIndex === undefined ? {} : { opIndex }),
      ...(code === undefined ? { text: `unknown error ${errorCode} from the server` } : {}),
    });
  }
}

/** Whether an error came from ZooKeeper with that code. */
export function isZooKeeperError(error: unknown, code: ErrorName): error is ZooKeeperError {
  return error instanceof ZooKeeperError && error.code === code;
}
