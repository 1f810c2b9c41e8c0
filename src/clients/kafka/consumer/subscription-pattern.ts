import { KafkaError } from '../kafka-error.ts';

/**
 * A pattern of topics that the brokers match, in their own language of regular expressions (RE2J); for groups of the new
 * protocol on Apache's brokers from 4.0 on. (`SubscriptionPattern`)
 */
export class SubscriptionPattern {
  readonly pattern: string;

  /** Throws INVALID_ARGUMENT for an empty one. */
  constructor(pattern: string) {
    if (pattern === '')
      throw new KafkaError('INVALID_ARGUMENT', 'the pattern is empty: .* matches all topics');
    this.pattern = pattern;
  }
}
