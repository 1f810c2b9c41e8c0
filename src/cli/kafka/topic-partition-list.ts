import type { TopicPartition } from '../../clients/kafka/cluster/cluster-metadata.ts';
import { illegalArgument } from '../java-error.ts';

/** `topic:0,1,2`. Throws an error of class IllegalArgumentException. */
export function parsePartitionList(text: string): TopicPartition[] {
  const [topic = '', partitions, ...more] = text.replace(/:+$/, '').split(':');
  if (partitions === undefined || more.length > 0) {
    throw illegalArgument(`Invalid topic arg '${text}', expected topic name and partitions`);
  }
  return partitions.split(',').map((partition) => {
    if (/^[+-]?\d+$/.test(partition)) return { topic, partition: Number(partition) };
    throw illegalArgument(`Invalid partition '${partition}' specified in topic arg '${text}''`);
  });
}
