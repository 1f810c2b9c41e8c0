import { KafkaError } from '../kafka-error.ts';
import type { Subscription } from './znodes.ts';

/** Topics that brokers keep for themselves: no pattern lets them in (`exclude.internal.topics`). */
const INTERNAL_TOPICS: ReadonlySet<string> = new Set(['__consumer_offsets', '__transaction_state']);

/**
 * The number of streams that a member has for each of its topics. A pattern is asked about all topics; commas in it
 * mean "or", quotes and blanks nothing (`kafka.consumer.TopicFilter`).
 */
export function streamCounts(
  subscription: Subscription,
  topics: readonly string[],
): ReadonlyMap<string, number> {
  if (subscription.pattern === 'static') return subscription.streams;
  const matches = topicFilter(subscription.expression);
  const wanted = subscription.pattern === 'white_list';
  return new Map(
    topics
      .filter((topic) => !INTERNAL_TOPICS.has(topic) && matches(topic) === wanted)
      .map((topic) => [topic, subscription.streamCount]),
  );
}

/** Throws a {@link KafkaError} of code INVALID_ARGUMENT for what is no pattern. */
export function topicFilter(expression: string): (topic: string) => boolean {
  const text = expression
    .trim()
    .replaceAll(',', '|')
    .replaceAll(' ', '')
    .replaceAll(/^["']+|["']+$/g, '');
  try {
    const pattern = new RegExp(`^(?:${text})$`);
    return (topic) => pattern.test(topic);
  } catch {
    throw new KafkaError(
      'INVALID_ARGUMENT',
      `${expression} is no pattern of topics: write a regular expression`,
    );
  }
}

/** The names by which a member's streams own partitions: `CONSUMER-0`, `CONSUMER-1` ... */
export function threadNames(consumerId: string, streamCount: number): string[] {
  return Array.from({ length: streamCount }, (_, index) => `${consumerId}-${index}`);
}
