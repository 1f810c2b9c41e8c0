export type NetworkErrorKind =
  /** The broker could not be reached. */
  | 'unreachable'
  /** The connection went away, or was closed here, before the answer came. */
  | 'disconnected'
  /** No answer came in time; the connection is closed, since later answers could not be told apart. */
  | 'timed-out'
  /** What came in is no answer to what was asked. */
  | 'malformed'
  /** The broker does not speak the API, or no version of it that the caller speaks. */
  | 'unsupported';

/** A request to a broker that has no answer: what happened on the way. */
export class NetworkError extends Error {
  override name = 'NetworkError';
  readonly kind: NetworkErrorKind;
  /** Whether a new connection may have more luck. The request may have been carried out all the same. */
  readonly retriable: boolean;

  constructor(kind: NetworkErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
    this.retriable = kind !== 'unsupported' && kind !== 'malformed';
  }
}
