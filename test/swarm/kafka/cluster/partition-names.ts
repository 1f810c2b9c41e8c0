/**
 * Names of partitions that stay apart when a topic is deleted and made anew: the first topic of a name has the plain
 * one, `topic-number`, later ones have their id in it.
 */
export class PartitionNames {
  private readonly first = new Map<string, string>();

  of(topic: string, topicId: string | null, partition: number): string {
    const id = topicId ?? '';
    const first = this.first.get(topic) ?? id;
    this.first.set(topic, first);
    return first === id ? `${topic}-${partition}` : `${topic}(${id})-${partition}`;
  }
}
