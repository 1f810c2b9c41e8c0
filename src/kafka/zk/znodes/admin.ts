import { encodeJson, members, ZnodeObject } from '../json.ts';

/** `/admin/delete_topics`: an empty child for each topic that is to be deleted. */
export const deleteTopicsPath = '/admin/delete_topics';

export function deleteTopicPath(topic: string): string {
  return `${deleteTopicsPath}/${topic}`;
}

export interface TopicPartition {
  topic: string;
  partition: number;
}

export interface PartitionReplicas extends TopicPartition {
  replicas: readonly number[];
}

/** `/admin/reassign_partitions`, version 1: the target replicas that an old tool asks for. */
export const reassignPartitionsPath = '/admin/reassign_partitions';

export function encodeReassignPartitions(partitions: readonly PartitionReplicas[]): Buffer {
  return encodeJson(
    members([
      ['version', 1],
      [
        'partitions',
        partitions.map((item) =>
          members([
            ['topic', item.topic],
            ['partition', item.partition],
            ['replicas', item.replicas],
          ]),
        ),
      ],
    ]),
  );
}

export function decodeReassignPartitions(data: Buffer | null): PartitionReplicas[] {
  return ZnodeObject.parse(reassignPartitionsPath, data)
    .objects('partitions')
    .map((item) => ({
      topic: item.string('topic'),
      partition: item.integer('partition'),
      replicas: item.integers('replicas'),
    }));
}

/** `/admin/preferred_replica_election`, version 1: partitions whose first replica is to lead. */
export const preferredReplicaElectionPath = '/admin/preferred_replica_election';

export function encodePreferredReplicaElection(partitions: readonly TopicPartition[]): Buffer {
  return encodePartitionList(partitions);
}

export function decodePreferredReplicaElection(data: Buffer | null): TopicPartition[] {
  return decodePartitionList(preferredReplicaElectionPath, data);
}

/** The list of partitions that several znodes share, version 1. */
export function encodePartitionList(partitions: readonly TopicPartition[]): Buffer {
  return encodeJson(
    members([
      ['version', 1],
      [
        'partitions',
        partitions.map((item) =>
          members([
            ['topic', item.topic],
            ['partition', item.partition],
          ]),
        ),
      ],
    ]),
  );
}

export function decodePartitionList(path: string, data: Buffer | null): TopicPartition[] {
  return ZnodeObject.parse(path, data)
    .objects('partitions')
    .map((item) => ({ topic: item.string('topic'), partition: item.integer('partition') }));
}
