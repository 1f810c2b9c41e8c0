/**
 * Who consumes which partition of a topic: both sorted, every thread gets as many partitions in a row, and the first
 * ones one more while there are some left over. All members compute the same from the same nodes
 * (`kafka.consumer.RangeAssignor` of 0.8).
 */
export function assignRange(
  partitions: readonly number[],
  threads: readonly string[],
): ReadonlyMap<number, string> {
  const sorted = partitions.toSorted((a, b) => a - b);
  const consumers = threads.toSorted();
  const share = Math.floor(sorted.length / consumers.length);
  const extra = sorted.length % consumers.length;
  const owners = new Map<number, string>();
  for (const [position, consumer] of consumers.entries()) {
    const start = share * position + Math.min(position, extra);
    const end = start + share + (position < extra ? 1 : 0);
    for (const partition of sorted.slice(start, end)) owners.set(partition, consumer);
  }
  return owners;
}
