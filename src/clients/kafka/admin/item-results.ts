import type { TopicPartition } from '../cluster/cluster-metadata.ts';
import { KafkaError } from '../kafka-error.ts';

/**
 * What a call about several things gives, thing by thing. Awaited, it is the values of all of them, or rejects with
 * the first error; {@link settled} tells the error of each that failed beside the values of the others.
 *
 * ```ts
 * await admin.deleteTopics(['a', 'b']); // rejects when either could not be deleted
 * for (const [name, outcome] of await admin.deleteTopics(['a', 'b']).settled()) {
 *   console.log(name, outcome instanceof KafkaError ? outcome.message : 'deleted');
 * }
 * ```
 *
 * Keys are what the caller names the things by: topics, groups, transactional ids and users by their names, brokers
 * by their ids, partitions by {@link partitionKey}, configurations by {@link configResourceKey}, and what has no
 * name (ACLs, quotas) by its place in the list that was given.
 */
export interface ItemResults<K, V, All = ReadonlyMap<K, V>> extends Promise<All> {
  /**
   * An outcome for every key. Rejects with the reason of the signal, and when it could not be found out which things
   * it is about: the brokers of the cluster, the members of a group.
   */
  settled(): Promise<ReadonlyMap<K, V | KafkaError>>;
}

/** A partition as results are keyed by, and as Kafka writes it: `topic-partition`. */
export function partitionKey({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

/** Results of which `gather` makes what the caller awaits, once it is known that none failed. */
export function gatheredResults<K, V, All>(
  settling: Promise<ReadonlyMap<K, V | KafkaError>>,
  gather: (values: ReadonlyMap<K, V>) => All,
): ItemResults<K, V, All> {
  const all = settling.then((outcomes) => gather(valuesOf(outcomes)));
  return Object.assign(all, {
    settled: () => {
      // Whoever asks for the outcomes hears of the errors there.
      all.catch(() => undefined);
      return settling;
    },
  });
}

export function itemResults<K, V>(settling: Promise<ReadonlyMap<K, V | KafkaError>>): ItemResults<K, V> {
  return gatheredResults(settling, (values) => values);
}

function valuesOf<K, V>(outcomes: ReadonlyMap<K, V | KafkaError>): ReadonlyMap<K, V> {
  const values = new Map<K, V>();
  for (const [key, outcome] of outcomes) {
    if (outcome instanceof KafkaError) throw outcome;
    values.set(key, outcome);
  }
  return values;
}
