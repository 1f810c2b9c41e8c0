import { ErrorCode, type ErrorName, errorOf } from '../../wire/kafka/errors.ts';

/** Failures that no broker told: what went wrong on this side or on the way. */
export type ClientErrorCode =
  /** No address of the cluster, or of the broker, can be connected to. */
  | 'UNREACHABLE'
  /** The connection went away before the answer came: whether the request was carried out is open. */
  | 'DISCONNECTED'
  /** Nothing came in the time allowed. */
  | 'TIMED_OUT'
  /** What the broker sent cannot be read. */
  | 'MALFORMED'
  /** The broker does not serve the API, or no version of it that says what was asked. */
  | 'UNSUPPORTED'
  /** The client was closed. */
  | 'CLOSED'
  /** What the caller gave cannot be used: the message names it and the remedy. */
  | 'INVALID_ARGUMENT'
  /** The call does not fit the state that the client is in, such as a send outside a transaction. */
  | 'INVALID_STATE'
  /** The transaction was aborted before the record was sent. */
  | 'TRANSACTION_ABORTED'
  /** A key, value or header could not be turned into bytes, or back. */
  | 'SERIALIZATION';

/** What a client of Kafka rejects with. Protocol errors are {@link BrokerError}s. */
export class KafkaError extends Error {
  override name = 'KafkaError';
  /** Name of the protocol's error, or what failed on this side. */
  readonly code: ErrorName | ClientErrorCode;
  /** Whether the same call may succeed later. A write that failed so may have happened all the same. */
  readonly retriable: boolean;

  constructor(
    code: ErrorName | ClientErrorCode,
    message: string,
    options: ErrorOptions & { readonly retriable?: boolean } = {},
  ) {
    super(message, options);
    this.code = code;
    this.retriable = options.retriable ?? false;
  }
}

/** An error of the protocol, as a broker answered it. */
export class BrokerError extends KafkaError {
  override name = 'BrokerError';
  declare readonly code: ErrorName;
  /** The protocol's number of it. */
  readonly errorCode: number;
  /** The broker's own message; undefined where it sent none. */
  readonly brokerMessage: string | undefined;

  /** `what` is what was asked for, such as `topic orders`; `text` the broker's own message, where it sent one. */
  constructor(errorCode: number, what: string, text?: string | null) {
    const error = errorOf(errorCode);
    super(error.name, `${what}: ${text ?? error.text} (${error.name})`, { retriable: error.retriable });
    this.errorCode = error.code;
    this.brokerMessage = text ?? undefined;
  }
}

/** Throws the {@link BrokerError} of an error code, unless it is NONE. */
export function throwIfError(errorCode: number, what: string, text?: string | null): void {
  if (errorCode !== ErrorCode.NONE) throw new BrokerError(errorCode, what, text);
}

/** Whether an error carries this code. */
export function isKafkaError(error: unknown, code: ErrorName | ClientErrorCode): error is KafkaError {
  return error instanceof KafkaError && error.code === code;
}

/** Whether the same call may succeed later. */
export function isRetriable(error: unknown): boolean {
  return error instanceof KafkaError && error.retriable;
}
