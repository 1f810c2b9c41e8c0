import { JavaError } from '../java-error.ts';

/** Topics that brokers keep for themselves (`org.apache.kafka.common.internals.Topic`). */
const INTERNAL_TOPICS: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
]);

export function isInternalTopic(topic: string): boolean {
  return INTERNAL_TOPICS.has(topic);
}

/** The pattern of an option that takes names of topics, `TopicFilter`: a comma separates alternatives. Throws JavaError. */
export function topicPattern(text: string): RegExp {
  const pattern = text
    .trim()
    .replaceAll(',', '|')
    .replaceAll(' ', '')
    .replace(/^["']+/, '')
    .replace(/["']+$/, '');
  try {
    return new RegExp(`^(?:${pattern})$`, 's');
  } catch {
    throw new JavaError('java.lang.RuntimeException', `${pattern} is an invalid regex.`);
  }
}
