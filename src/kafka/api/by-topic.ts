/** What is said of partitions, by topic as answers list it; topics in the order in which they come first. */
export function byTopic<T extends { readonly topic: string }>(items: Iterable<T>): Map<string, T[]> {
  const topics = new Map<string, T[]>();
  for (const item of items) {
    const known = topics.get(item.topic);
    if (known === undefined) topics.set(item.topic, [item]);
    else known.push(item);
  }
  return topics;
}
