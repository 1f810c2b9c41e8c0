/** A partition of a topic that may be deleted and created anew: only the id tells which one is meant. */
export interface SharePartition {
  readonly topicId: string;
  readonly topic: string;
  readonly partition: number;
}

export function partitionKey({ topicId, partition }: Pick<SharePartition, 'topicId' | 'partition'>): string {
  return `${topicId} ${partition}`;
}
