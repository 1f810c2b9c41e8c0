import { KafkaJSNonRetriableError } from '../errors.ts';
import type { TopicMessages } from '../types/producer.ts';

/** Throws a KafkaJSNonRetriableError for what cannot be sent. */
export function checkBatch(
  topicMessages: readonly TopicMessages[],
  acks: number,
  isIdempotent: boolean,
): void {
  if (topicMessages.some(({ topic }) => !topic)) throw new KafkaJSNonRetriableError('Invalid topic');
  if (isIdempotent && acks !== -1) {
    throw new KafkaJSNonRetriableError(
      "Not requiring ack for all messages invalidates the idempotent producer's EoS guarantees",
    );
  }
  for (const { topic, messages } of topicMessages) {
    if (!messages) {
      throw new KafkaJSNonRetriableError(`Invalid messages array [${messages}] for topic "${topic}"`);
    }
    const missing = messages.find(({ value }) => value === undefined);
    if (missing === undefined) continue;
    throw new KafkaJSNonRetriableError(
      `Invalid message without value for topic "${topic}": ${JSON.stringify(missing)}`,
    );
  }
}
