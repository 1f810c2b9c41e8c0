import type { Admin } from '../../clients/kafka/admin/admin.ts';
import { partitionKey } from '../../clients/kafka/admin/item-results.ts';
import { type ReplicaMove, replicaKey } from '../../clients/kafka/admin/log-dirs.ts';
import type { TopicDescription } from '../../clients/kafka/admin/topic-description.ts';
import type { TopicPartition } from '../../clients/kafka/cluster/cluster-metadata.ts';
import { isKafkaError, KafkaError } from '../../clients/kafka/kafka-error.ts';
import { JavaError } from '../java-error.ts';
import { hashOrder, partitionHash } from '../java-hash-order.ts';
import { asExecutionError } from '../kafka-failure.ts';
import { byPartition, type TargetPartition } from './reassignment-json.ts';
import { firstFuture } from './with-admin.ts';

const UNKNOWN_TOPIC = 'org.apache.kafka.common.errors.UnknownTopicOrPartitionException';

/** Where a replica is, and where it is on its way to, if anywhere. */
export interface MoveState {
  readonly move: ReplicaMove;
  readonly current: string | undefined;
  readonly future: string | undefined;
}

/** Prints how far partitions and replicas are. Resolves to whether any reassignment or move is under way. */
export async function verifyAssignment(
  admin: Admin,
  targets: readonly TargetPartition[],
  moves: ReadonlyMap<string, ReplicaMove>,
): Promise<boolean> {
  const ongoing = await firstFuture('listPartitionReassignments', () => admin.listPartitionReassignments());
  const others = targets.filter((target) => !ongoing.has(partitionKey(target)));
  const topics = [...new Set(others.map(({ topic }) => topic))];
  const described = await admin.describeTopics(topics).settled();
  console.log('Status of partition reassignment:');
  const distinct = new Map(targets.map((target) => [partitionKey(target), target]));
  for (const target of [...distinct.values()].sort(byPartition)) {
    const key = partitionKey(target);
    if (ongoing.has(key)) console.log(`Reassignment of partition ${key} is still in progress.`);
    else console.log(doneText(target, described.get(target.topic)));
  }
  const states = await moveStates(admin, moves);
  printMoves([...states.values()]);
  const isMoving = [...states.values()].some(
    ({ current, future }) => current === undefined || future !== undefined,
  );
  return ongoing.size > 0 || isMoving;
}

function doneText(target: TargetPartition, topic: TopicDescription | KafkaError | undefined): string {
  const key = partitionKey(target);
  const isUnknown = topic === undefined || isKafkaError(topic, 'UNKNOWN_TOPIC_OR_PARTITION');
  if (!isUnknown && topic instanceof KafkaError) throw asExecutionError(topic);
  const known = topic === undefined || topic instanceof KafkaError ? undefined : topic;
  const current = known?.partitions[target.partition]?.replicas ?? [];
  if (current.join() === target.replicas.join()) return `Reassignment of partition ${key} is completed.`;
  return `There is no active reassignment of partition ${key}, but replica set is ${current.join(',')} rather than ${target.replicas.join(',')}.`;
}

/** Where replicas are for which a log directory is named. */
export async function moveStates(
  admin: Admin,
  moves: ReadonlyMap<string, ReplicaMove>,
): Promise<Map<string, MoveState>> {
  if (moves.size === 0) return new Map();
  const dirs = await firstFuture('describeReplicaLogDirs', () =>
    admin.describeReplicaLogDirs([...moves.values()]),
  );
  return new Map(
    [...moves].map(([key, move]) => {
      const { current, future } = dirs.get(key) ?? {};
      return [key, { move, current: current?.path, future: future?.path }];
    }),
  );
}

function printMoves(states: readonly MoveState[]): void {
  const sorted = states.toSorted((a, b) => a.move.brokerId - b.move.brokerId || byPartition(a.move, b.move));
  // An empty line where there are none, as Apache's.
  console.log(sorted.map(moveText).join('\n'));
}

function moveText({ move, current, future }: MoveState): string {
  const partition = `Partition ${partitionKey(move)}`;
  const { brokerId, path } = move;
  if (current === undefined) {
    return `${partition} is not found in any live log dir on broker ${brokerId}. There is likely an offline log directory on the broker.`;
  }
  if (future !== undefined) {
    return future === path
      ? `Reassignment of replica ${replicaKey(move)} is still in progress.`
      : `${partition} on broker ${brokerId} is being moved to log dir ${future} instead of ${path}.`;
  }
  return current === path
    ? `Reassignment of replica ${replicaKey(move)} completed successfully.`
    : `${partition} on broker ${brokerId} is not being moved from log dir ${current} to ${path}.`;
}

/** The brokers of all partitions of topics. Throws JavaError for a topic that there is not. */
export async function assignmentOfTopics(
  admin: Admin,
  topics: readonly string[],
): Promise<TargetPartition[]> {
  const outcomes = await admin.describeTopics([...new Set(topics)]).settled();
  return [...outcomes].flatMap(([name, outcome]) => {
    if (isKafkaError(outcome, 'UNKNOWN_TOPIC_OR_PARTITION')) throw unknown(`Topic ${name} not found.`);
    if (outcome instanceof KafkaError) throw asExecutionError(outcome);
    return outcome.partitions.map(({ partition, replicas }) => ({ topic: name, partition, replicas }));
  });
}

/** The brokers of partitions, by their keys. Throws JavaError where one is not there. */
export async function assignmentOf(
  admin: Admin,
  partitions: readonly TopicPartition[],
): Promise<Map<string, TargetPartition>> {
  const assigned = await assignmentOfTopics(
    admin,
    partitions.map(({ topic }) => topic),
  );
  const all = new Map(assigned.map((partition) => [partitionKey(partition), partition]));
  const missing = partitions.filter((partition) => !all.has(partitionKey(partition)));
  if (missing.length > 0) {
    const names = hashOrder(missing, partitionHash).map(partitionKey).join(', ');
    throw unknown(`Unable to find partition: ${names}`);
  }
  const wanted = new Set(partitions.map(partitionKey));
  return new Map([...all].filter(([key]) => wanted.has(key)));
}

function unknown(message: string): JavaError {
  const cause = new JavaError(UNKNOWN_TOPIC, message);
  return new JavaError('java.util.concurrent.ExecutionException', cause.toJavaString(), { cause });
}
