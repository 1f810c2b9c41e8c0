import type { SimRandom } from '../../../../src/env/sim/sim-random.ts';

/** A topic that stays for the whole run. */
export interface TopicShape {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly minIsr: number;
  readonly unclean: boolean;
  /** How many keys a compacted topic has; undefined for one that keeps everything. */
  readonly keys: number | undefined;
}

/**
 * What a machine's power loss may take. An acknowledgement says that the records are in the page caches of all
 * in-sync replicas; `flush.messages` makes it say more.
 */
export type Durability =
  | 'processes fall'
  | 'machines fall, each record flushed'
  | 'machines fall, nothing flushed';

export interface ClusterShape {
  readonly brokers: number;
  readonly zooKeepers: number;
  readonly logDirs: number;
  readonly durability: Durability;
  readonly topics: readonly TopicShape[];
  readonly producers: number;
  readonly members: number;
  readonly readers: number;
  readonly sessionTimeoutMs: number;
  readonly lagTimeMs: number;
  /** How often an operator does something, in the mean; undefined when there is none. */
  readonly adminPauseMs: number | undefined;
}

export const OFFSETS_TOPIC = '__consumer_offsets';
export const OFFSETS_PARTITIONS = 2;

const DURABILITIES: readonly Durability[] = [
  'processes fall',
  'machines fall, each record flushed',
  'machines fall, nothing flushed',
];

export function drawShape(random: SimRandom): ClusterShape {
  const brokers = random.chance(0.75) ? 3 : 4 + random.below(2);
  const topics = Array.from({ length: 1 + random.below(3) }, (_, index) => drawTopic(random, index, brokers));
  return {
    brokers,
    zooKeepers: random.chance(0.8) ? 3 : 1,
    logDirs: 1 + random.below(2),
    durability: DURABILITIES[random.below(DURABILITIES.length)] ?? 'processes fall',
    topics,
    producers: 1 + random.below(3),
    members: 1 + random.below(3),
    readers: random.below(2),
    sessionTimeoutMs: 1500 + random.below(3000),
    lagTimeMs: 1000 + random.below(4000),
    adminPauseMs: random.chance(0.6) ? 200 + random.below(4000) : undefined,
  };
}

function drawTopic(random: SimRandom, index: number, brokers: number): TopicShape {
  const replicationFactor = random.chance(0.7) ? Math.min(3, brokers) : 1 + random.below(brokers);
  return {
    name: index === 0 ? 'numbers' : `numbers${index}`,
    partitions: 1 + random.below(2),
    replicationFactor,
    minIsr: replicationFactor > 1 && random.chance(0.5) ? 2 : 1,
    unclean: random.chance(0.15),
    // The first topic is the group's, which reads every record.
    keys: index > 0 && random.chance(0.5) ? 1 + random.below(20) : undefined,
  };
}

export function describeShape(shape: ClusterShape): string {
  const topics = shape.topics.map((topic) => {
    const kind = topic.keys === undefined ? '' : ', compacted';
    const election = topic.unclean ? ', unclean' : '';
    return `${topic.name}: ${topic.partitions} x ${topic.replicationFactor}, min ISR ${topic.minIsr}${kind}${election}`;
  });
  return `${shape.brokers} brokers with ${shape.logDirs} log dirs (${shape.durability}), ${shape.zooKeepers} ZooKeeper servers (session timeout ${shape.sessionTimeoutMs} ms), lag time ${shape.lagTimeMs} ms; ${topics.join('; ')}; ${shape.producers} producers, ${shape.members} members, ${shape.readers} readers, ${shape.adminPauseMs === undefined ? 'no operator' : 'an operator'}`;
}
