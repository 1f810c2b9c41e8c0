import { type ClientErrorCode, KafkaError } from '../kafka-error.ts';

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

const CODES: Readonly<Record<NetworkErrorKind, ClientErrorCode>> = {
  unreachable: 'UNREACHABLE',
  disconnected: 'DISCONNECTED',
  'timed-out': 'TIMED_OUT',
  malformed: 'MALFORMED',
  unsupported: 'UNSUPPORTED',
};

/** A request to a broker that has no answer: what happened on the way. */
export class NetworkError extends KafkaError {
  override name = 'NetworkError';
  readonly kind: NetworkErrorKind;

  /** Retriable is what a new connection may have more luck with. The request may have been carried out all the same. */
  constructor(kind: NetworkErrorKind, message: string, options: ErrorOptions = {}) {
    super(CODES[kind], message, { ...options, retriable: kind !== 'unsupported' && kind !== 'malformed' });
    this.kind = kind;
  }
}

/** A broker that does not serve an API, or no version of it that can say what was to be said. */
export class UnsupportedApiError extends NetworkError {
  /** `DescribeAcls` */
  readonly api: string;
  /** The versions that would do; undefined where the broker has none at all. */
  readonly wanted: { readonly min: number; readonly max: number } | undefined;
  readonly served: { readonly min: number; readonly max: number } | undefined;

  constructor(
    request: string,
    message: string,
    versions?: Record<'wanted' | 'served', { readonly min: number; readonly max: number }>,
  ) {
    super('unsupported', message);
    this.api = request.replace(/Request$/, '');
    this.wanted = versions?.wanted;
    this.served = versions?.served;
  }
}
