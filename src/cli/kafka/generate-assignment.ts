import type { Admin } from '../../clients/kafka/admin/admin.ts';
import type { Env } from '../../env/env.ts';
import { assignReplicas, assignReplicasRackAware } from '../../kafka/controller/replica-assignment.ts';
import { JavaError } from '../java-error.ts';
import {
  commandFailed,
  duplicates,
  operationFailed,
  parseTopics,
  reassignmentJson,
  type TargetPartition,
} from './reassignment-json.ts';
import { assignmentOfTopics } from './verify-assignment.ts';
import { firstFuture } from './with-admin.ts';

interface Wish {
  /** The text of the file that names the topics. */
  readonly topics: string;
  /** `0,1,2` */
  readonly brokers: string;
  readonly isRackAware: boolean;
}

interface Place {
  readonly id: number;
  readonly rack: string | null;
}

/** Prints how topics are spread now, and how they could be over the given brokers. Throws JavaError. */
export async function generateAssignment(admin: Admin, env: Env, wish: Wish): Promise<void> {
  const brokers = brokersOf(wish.brokers);
  const topics = parseTopics(wish.topics);
  const twice = duplicates(topics);
  if (twice.length > 0) {
    throw commandFailed(`List of topics to reassign contains duplicate entries: [${twice.join(', ')}]`);
  }
  const current = await assignmentOfTopics(admin, topics);
  const places = await placesOf(admin, brokers, wish.isRackAware);
  const proposed = [...new Set(topics)].flatMap((topic) =>
    spread(
      env,
      places,
      current.filter((partition) => partition.topic === topic),
    ),
  );
  console.log(`Current partition replica assignment\n${reassignmentJson(current)}\n`);
  console.log(`Proposed partition reassignment configuration\n${reassignmentJson(proposed)}`);
}

function brokersOf(text: string): number[] {
  const ids = text.split(',').map((id) => {
    if (/^[+-]?\d+$/.test(id)) return Number(id);
    throw new JavaError('java.lang.NumberFormatException', `For input string: "${id}"`);
  });
  const twice = duplicates(ids);
  if (twice.length === 0) return ids;
  throw commandFailed(`Broker list contains duplicate entries: [${twice.join(', ')}]`);
}

async function placesOf(admin: Admin, ids: readonly number[], isRackAware: boolean): Promise<Place[]> {
  const { brokers } = await firstFuture('listNodes', () => admin.describeCluster());
  const places = brokers
    .filter(({ id }) => ids.includes(id))
    .map(({ id, rack }) => ({ id, rack: isRackAware ? rack : null }));
  const rackless = places.filter(({ rack }) => rack === null).length;
  if (isRackAware && rackless !== 0 && rackless !== places.length) {
    throw operationFailed(
      'Not all brokers have rack information. Add --disable-rack-aware in command line to make replica assignment without rack information.',
    );
  }
  return places;
}

/** One topic's partitions over the brokers, with as many replicas as its first one has, as a new topic is spread. */
function spread(env: Env, places: readonly Place[], current: readonly TargetPartition[]): TargetPartition[] {
  const topic = current[0]?.topic ?? '';
  const replicationFactor = current[0]?.replicas.length ?? 0;
  if (replicationFactor > places.length) {
    throw new JavaError(
      'org.apache.kafka.common.errors.InvalidReplicationFactorException',
      `Replication factor: ${replicationFactor} larger than available brokers: ${places.length}.`,
    );
  }
  const request = {
    partitions: current.length,
    replicationFactor,
    startIndex: env.random.below(places.length),
    firstShift: env.random.below(places.length),
    startPartition: 0,
  };
  const racks = new Map(places.flatMap(({ id, rack }) => (rack === null ? [] : [[id, rack] as const])));
  const assigned =
    racks.size === 0
      ? assignReplicas(
          places.map(({ id }) => id),
          request,
        )
      : assignReplicasRackAware(racks, request);
  return [...assigned].map(([partition, replicas]) => ({ topic, partition, replicas }));
}
