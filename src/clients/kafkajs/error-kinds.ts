import { KafkaJSProtocolError } from './errors.ts';

/** Whether a group's member has to join again. */
export function isRebalancing(error: unknown): boolean {
  return hasType(error, 'REBALANCE_IN_PROGRESS', 'NOT_COORDINATOR_FOR_GROUP', 'ILLEGAL_GENERATION');
}

/** Whether a broker answered with one of these errors. */
export function hasType(error: unknown, ...types: readonly string[]): error is KafkaJSProtocolError {
  return error instanceof KafkaJSProtocolError && types.includes(error.type);
}
