/** Rules for topic names (`org.apache.kafka.common.internals.Topic`, 3.9). */

export const groupMetadataTopic = '__consumer_offsets';
export const transactionStateTopic = '__transaction_state';

const internalTopics: ReadonlySet<string> = new Set([groupMetadataTopic, transactionStateTopic]);

export const maxTopicNameLength = 249;

export function isInternalTopic(topic: string): boolean {
  return internalTopics.has(topic);
}

/** Why a topic cannot have this name; null for a good one. */
export function topicNameError(topic: string): string | null {
  if (topic === '') return 'Topic name is invalid: the empty string is not allowed';
  if (topic === '.' || topic === '..') return `Topic name is invalid: '${topic}' is not allowed`;
  if (topic.length > maxTopicNameLength) {
    return `Topic name is invalid: the length of '${topic}' is longer than the max allowed length ${maxTopicNameLength}`;
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(topic)) {
    return (
      `Topic name is invalid: '${topic}' contains one or more characters other than ` +
      "ASCII alphanumerics, '.', '_' and '-'"
    );
  }
  return null;
}

/** Two names that differ only in `.` and `_` make the same metric names, so they must not both exist. */
export function topicNamesCollide(left: string, right: string): boolean {
  return left.replaceAll('.', '_') === right.replaceAll('.', '_');
}
