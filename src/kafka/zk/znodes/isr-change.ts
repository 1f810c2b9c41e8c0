import { decodePartitionList, encodePartitionList, type TopicPartition } from './admin.ts';

/** `/isr_change_notification`: sequential children that tell the controller of changed ISRs (before KIP-497). */
export const isrChangesPath = '/isr_change_notification';
export const isrChangePrefix = 'isr_change_';

export function isrChangePath(sequenceNode = isrChangePrefix): string {
  return `${isrChangesPath}/${sequenceNode}`;
}

export function encodeIsrChange(partitions: readonly TopicPartition[]): Buffer {
  return encodePartitionList(partitions);
}

export function decodeIsrChange(path: string, data: Buffer | null): TopicPartition[] {
  return decodePartitionList(path, data);
}
