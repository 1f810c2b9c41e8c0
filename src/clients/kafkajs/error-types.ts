import { ErrorCode, errorOf } from '../../wire/kafka/errors.ts';
import { BrokerError, KafkaError } from '../kafka/kafka-error.ts';
import { NetworkError } from '../kafka/network/network-error.ts';
import {
  KafkaJSConnectionClosedError,
  KafkaJSConnectionError,
  KafkaJSError,
  KafkaJSNonRetriableError,
  KafkaJSProtocolError,
  KafkaJSRequestTimeoutError,
  KafkaJSServerDoesNotSupportApiKey,
  type ProtocolErrorFacts,
} from './errors.ts';

/** The names that the protocol had when kafkajs wrote them down, where they have changed since. */
const FORMER_NAMES: Readonly<Record<number, string>> = {
  [ErrorCode.UNKNOWN_SERVER_ERROR]: 'UNKNOWN',
  [ErrorCode.NOT_LEADER_OR_FOLLOWER]: 'NOT_LEADER_FOR_PARTITION',
  [ErrorCode.COORDINATOR_LOAD_IN_PROGRESS]: 'GROUP_LOAD_IN_PROGRESS',
  [ErrorCode.COORDINATOR_NOT_AVAILABLE]: 'GROUP_COORDINATOR_NOT_AVAILABLE',
  [ErrorCode.NOT_COORDINATOR]: 'NOT_COORDINATOR_FOR_GROUP',
};

/** What kafkajs does not know: errors of later versions of the protocol. */
const LAST_KNOWN = ErrorCode.UNSTABLE_OFFSET_COMMIT;

/** An error of the protocol under kafkajs's name. */
export function protocolErrorFacts(code: number): ProtocolErrorFacts {
  const { name, text, retriable } = errorOf(code);
  if (code > LAST_KNOWN || code < ErrorCode.UNKNOWN_SERVER_ERROR) {
    return {
      type: 'KAFKAJS_UNKNOWN_ERROR_CODE',
      code,
      retriable: false,
      message: `Unknown error code ${code}`,
    };
  }
  return { type: FORMER_NAMES[code] ?? name, code, retriable, message: text };
}

export function protocolError(code: number): KafkaJSProtocolError {
  return new KafkaJSProtocolError(protocolErrorFacts(code));
}

/** Throws the error of a code, unless it is NONE. */
export function throwIfCode(code: number): void {
  if (code !== ErrorCode.NONE) throw protocolError(code);
}

/** An error of our clients as kafkajs would have thrown it; what is one of its own stays as it is. */
export function toKafkaJSError(error: unknown): Error {
  if (error instanceof BrokerError) return protocolError(error.errorCode);
  if (error instanceof NetworkError) return networkError(error);
  if (error instanceof KafkaError) {
    return error.retriable ? new KafkaJSError(error) : new KafkaJSNonRetriableError(error);
  }
  return error instanceof Error ? error : new KafkaJSError(String(error));
}

function networkError(error: NetworkError): Error {
  const [broker = '', host = '', port = ''] = /([^\s,;]+):(\d+)(?=: )/.exec(error.message) ?? [];
  switch (error.kind) {
    case 'unreachable': {
      const code = systemCode(error.cause) ?? /\b(E[A-Z]{4,})\b/.exec(error.message)?.[1];
      const what = /^no broker/.test(error.message) ? error.message : `Connection error: ${error.message}`;
      return new KafkaJSConnectionError(what, { broker, ...(code !== undefined && { code }) });
    }
    case 'disconnected':
      return new KafkaJSConnectionClosedError('Closed connection', { host, port: Number(port) });
    case 'timed-out':
      return new KafkaJSRequestTimeoutError(error, { broker });
    case 'unsupported':
      return new KafkaJSServerDoesNotSupportApiKey(error);
    case 'malformed':
      return new KafkaJSNonRetriableError(error);
  }
}

function systemCode(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}
