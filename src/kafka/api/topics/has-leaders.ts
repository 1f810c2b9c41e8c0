import type { ClusterImage } from '../../metadata/cluster-image.ts';

/** Whether all these partitions of a topic are there and led. */
export function hasLeaders(image: ClusterImage, topic: string, partitions: readonly number[]): boolean {
  return partitions.every((partition) => (image.partition(topic, partition)?.leader ?? -1) >= 0);
}
