import type { ConfigEntry } from '../../clients/kafka/admin/config-entry.ts';

/** What can be wrong with a partition, the worst last. */
export type PartitionTrouble = 'under-replicated' | 'under-min-isr' | 'offline';

/** What is wrong with a partition; `minIsr` is the topic's `min.insync.replicas`. */
export function troubleOf(
  partition: {
    readonly leader: number;
    readonly replicas: readonly number[];
    readonly isr: readonly number[];
  },
  minIsr: number,
): PartitionTrouble[] {
  const { leader, replicas, isr } = partition;
  const troubles: PartitionTrouble[] = [];
  if (isr.length < replicas.length) troubles.push('under-replicated');
  if (isr.length < minIsr) troubles.push('under-min-isr');
  if (leader < 0) troubles.push('offline');
  return troubles;
}

/** The topic's `min.insync.replicas`; 1 where it cannot be known. */
export function minIsrOf(entries: readonly ConfigEntry[]): number {
  const value = Number(entries.find(({ name }) => name === 'min.insync.replicas')?.value);
  return Number.isInteger(value) && value > 0 ? value : 1;
}
