import type { Admin } from '../../clients/kafka/admin/admin.ts';
import type { ConfigChange } from '../../clients/kafka/admin/configs.ts';
import { partitionKey } from '../../clients/kafka/admin/item-results.ts';
import type { OngoingReassignment } from '../../clients/kafka/admin/reassignments.ts';
import type { TopicPartition } from '../../clients/kafka/cluster/cluster-metadata.ts';
import { hashOrder, stringHashOrder } from '../java-hash-order.ts';
import type { TargetPartition } from './reassignment-json.ts';
import { firstFuture } from './with-admin.ts';

const LEADER_RATE = 'leader.replication.throttled.rate';
const FOLLOWER_RATE = 'follower.replication.throttled.rate';
const LOG_DIR_RATE = 'replica.alter.log.dirs.io.max.bytes.per.second';
const LEADER_REPLICAS = 'leader.replication.throttled.replicas';
const FOLLOWER_REPLICAS = 'follower.replication.throttled.replicas';

/** From which brokers a partition is copied to which. */
interface Move extends TopicPartition {
  readonly sources: readonly number[];
  readonly destinations: readonly number[];
}

/** What is being moved already, and what is to be moved besides. */
export function movesOf(
  ongoing: ReadonlyMap<string, OngoingReassignment>,
  proposed: readonly TargetPartition[],
  current: ReadonlyMap<string, TargetPartition>,
): Move[] {
  const moves = new Map<string, Move>();
  for (const [key, { topic, partition, replicas, addingReplicas }] of ongoing) {
    const sources = replicas.filter((id) => !addingReplicas.includes(id));
    moves.set(key, { topic, partition, sources, destinations: addingReplicas });
  }
  for (const target of proposed) {
    const key = partitionKey(target);
    const sources = moves.get(key)?.sources ?? current.get(key)?.replicas ?? [];
    const destinations = target.replicas.filter((id) => !sources.includes(id));
    moves.set(key, { topic: target.topic, partition: target.partition, sources, destinations });
  }
  return [...moves.values()];
}

const set = (name: string, value: string): ConfigChange => ({ name, operation: 'SET', value });
const unset = (name: string): ConfigChange => ({ name, operation: 'DELETE' });

/** Limits what the moves may take between brokers, and says so. */
export async function throttleMoves(
  admin: Admin,
  moves: readonly Move[],
  bytesPerSecond: number,
): Promise<void> {
  const topics = new Set(moves.map(({ topic }) => topic));
  const list = (topic: string, brokersOf: (move: Move) => readonly number[]): string => {
    const ofTopic = moves.filter((move) => move.topic === topic);
    const replicas = ofTopic.flatMap((move) => brokersOf(move).map((id) => `${move.partition}:${id}`));
    return [...new Set(replicas)].sort().join(',');
  };
  const changes = [...topics].map((name) => ({
    type: 'TOPIC' as const,
    name,
    changes: [
      set(
        LEADER_REPLICAS,
        list(name, ({ sources }) => sources),
      ),
      set(
        FOLLOWER_REPLICAS,
        list(name, ({ destinations }) => destinations),
      ),
    ],
  }));
  await firstFuture('incrementalAlterConfigs', () => admin.incrementalAlterConfigs(changes));
  const brokers = moves.flatMap(({ sources, destinations }) => [...sources, ...destinations]);
  const rate = `${bytesPerSecond}`;
  await changeBrokers(admin, brokers, [set(LEADER_RATE, rate), set(FOLLOWER_RATE, rate)]);
  console.log(`The inter-broker throttle limit was set to ${rate} B/s`);
}

/** Limits what brokers may copy between their log directories, and says so. */
export async function throttleLogDirs(
  admin: Admin,
  brokers: readonly number[],
  bytesPerSecond: number,
): Promise<void> {
  await changeBrokers(admin, brokers, [set(LOG_DIR_RATE, `${bytesPerSecond}`)]);
  console.log(`The replica-alter-dir throttle limit was set to ${bytesPerSecond} B/s`);
}

/** Takes all limits away: which brokers had any, nobody knows any more. */
export async function clearThrottles(admin: Admin, targets: readonly TargetPartition[]): Promise<void> {
  const { brokers } = await firstFuture('listNodes', () => admin.describeCluster());
  const ids = [...brokers.map(({ id }) => id), ...targets.flatMap(({ replicas }) => replicas)];
  const all = hashOrder([...new Set(ids)], (id) => id);
  console.log(`Clearing broker-level throttles on broker${all.length === 1 ? '' : 's'} ${all.join(',')}`);
  await changeBrokers(admin, all, [unset(LEADER_RATE), unset(FOLLOWER_RATE), unset(LOG_DIR_RATE)]);
  const topics = stringHashOrder([...new Set(targets.map(({ topic }) => topic))]);
  console.log(`Clearing topic-level throttles on topic${topics.length === 1 ? '' : 's'} ${topics.join(',')}`);
  const changes = [unset(LEADER_REPLICAS), unset(FOLLOWER_REPLICAS)];
  await firstFuture('incrementalAlterConfigs', () =>
    admin.incrementalAlterConfigs(topics.map((name) => ({ type: 'TOPIC', name, changes }))),
  );
}

async function changeBrokers(
  admin: Admin,
  brokers: readonly number[],
  changes: readonly ConfigChange[],
): Promise<void> {
  const resources = [...new Set(brokers)].map((id) => ({ type: 'BROKER' as const, name: `${id}`, changes }));
  await firstFuture('incrementalAlterConfigs', () => admin.incrementalAlterConfigs(resources));
}
