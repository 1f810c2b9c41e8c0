import { MalformedError } from '../../../base/malformed-error.ts';
import { scalaHashMapOrder } from '../hash-order.ts';
import { encodeJson, type JsonMembers, type JsonValue, members, ZnodeObject } from '../json.ts';

/** `/brokers/topics`: one child for each topic. */
export const topicsPath = '/brokers/topics';

export function topicPath(topic: string): string {
  return `${topicsPath}/${topic}`;
}

/** Where the replicas of one partition are, and what a reassignment under way adds and removes (KIP-455). */
export interface ReplicaAssignment {
  /** All replicas, preferred leader first; during a reassignment the targets, then the ones to be removed. */
  replicas: readonly number[];
  addingReplicas: readonly number[];
  removingReplicas: readonly number[];
}

export interface TopicAssignment {
  /** 22 characters of base64url; null for a topic written by a tool from before topic ids (KIP-516). */
  topicId: string | null;
  /** By partition. */
  partitions: ReadonlyMap<number, ReplicaAssignment>;
}

/** `/brokers/topics/T`, version 3. */
export function encodeTopic(topic: TopicAssignment): Buffer {
  const fields: [string, JsonValue][] = [
    ['partitions', byPartition(topic, (assignment) => assignment.replicas, true)],
    ['adding_replicas', byPartition(topic, (assignment) => assignment.addingReplicas, false)],
    ['removing_replicas', byPartition(topic, (assignment) => assignment.removingReplicas, false)],
    ['version', 3],
  ];
  if (topic.topicId !== null) fields.splice(1, 0, ['topic_id', topic.topicId]);
  return encodeJson(members(fields));
}

function byPartition(
  topic: TopicAssignment,
  pick: (assignment: ReplicaAssignment) => readonly number[],
  keepEmpty: boolean,
): JsonMembers {
  const lists = new Map<string, readonly number[]>();
  for (const [partition, assignment] of topic.partitions) {
    const replicas = pick(assignment);
    if (keepEmpty || replicas.length > 0) lists.set(String(partition), replicas);
  }
  return members(scalaHashMapOrder([...lists.keys()]).map((key) => [key, lists.get(key) ?? []]));
}

/** Versions 1 (partitions only) to 3. */
export function decodeTopic(topic: string, data: Buffer | null): TopicAssignment {
  const path = topicPath(topic);
  const json = ZnodeObject.parse(path, data);
  const replicas = json.optionalObject('partitions');
  const adding = json.optionalObject('adding_replicas');
  const removing = json.optionalObject('removing_replicas');
  const partitions = new Map<number, ReplicaAssignment>();
  for (const key of replicas?.keys() ?? []) {
    if (!/^\d{1,9}$/.test(key))
      throw new MalformedError(`znode ${path}: bad partition ${JSON.stringify(key)}`);
    partitions.set(Number(key), {
      replicas: replicas?.integers(key) ?? [],
      addingReplicas: adding?.has(key) ? adding.integers(key) : [],
      removingReplicas: removing?.has(key) ? removing.integers(key) : [],
    });
  }
  return { topicId: json.optionalString('topic_id'), partitions };
}
