import type { TopicPartition } from '../../../cluster/cluster-metadata.ts';
import { KafkaError } from '../../../kafka-error.ts';
import { rangeAssignor } from './range.ts';
import { roundRobinAssignor } from './round-robin.ts';
import { cooperativeStickyAssignor, stickyAssignor } from './sticky.ts';

/**
 * How members give partitions up. `eager`: all before each rebalance. `cooperative`: only those that go to others, and
 * only once it is known (KIP-429).
 */
export type RebalanceProtocol = 'eager' | 'cooperative';

/** What one member of a classic group has told of itself. */
export interface MemberSubscription {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly topics: readonly string[];
  /** What it owned when it joined; empty in eager groups. */
  readonly ownedPartitions: readonly TopicPartition[];
  /** Of the group when it came to own them; -1 where it does not say. */
  readonly generationId: number;
  readonly rackId: string | null;
  /** The assignor's own. */
  readonly userData: Buffer | null;
}

export interface AssignablePartition {
  readonly partition: number;
  /** Of all its replicas, where they are known. */
  readonly replicaRacks: readonly string[];
}

/** What is to be divided among whom. */
export interface GroupSubscription {
  /** Those topics that exist, by name, partitions in order. */
  readonly topics: ReadonlyMap<string, readonly AssignablePartition[]>;
  readonly members: readonly MemberSubscription[];
}

export interface MemberAssignment {
  readonly partitions: readonly TopicPartition[];
  /** The assignor's own. */
  readonly userData: Buffer | null;
}

/**
 * Divides partitions among the members of a classic group, at the member that leads it. As
 * `org.apache.kafka.clients.consumer.ConsumerPartitionAssignor`.
 */
export interface Assignor {
  /** All members of a group have one of the same name, or they are not let in. */
  readonly name: string;
  /** Default: `eager` alone. The group is cooperative when all assignors of its members can be. */
  readonly protocols?: readonly RebalanceProtocol[];
  /** What goes into this member's subscription. */
  userData?(topics: ReadonlySet<string>): Buffer | null;
  /** What each member gets, by its id. */
  assign(group: GroupSubscription): ReadonlyMap<string, MemberAssignment>;
  /** Told of what this member got. */
  onAssignment?(assignment: MemberAssignment, generationId: number): void;
}

export type AssignorName = 'range' | 'roundrobin' | 'sticky' | 'cooperative-sticky';

const MAKERS: Readonly<Record<AssignorName, () => Assignor>> = {
  range: () => rangeAssignor,
  roundrobin: () => roundRobinAssignor,
  sticky: stickyAssignor,
  'cooperative-sticky': cooperativeStickyAssignor,
};

/** Throws a {@link KafkaError} of code INVALID_ARGUMENT. */
export function assignorsOf(wanted: readonly (AssignorName | Assignor)[]): Assignor[] {
  if (wanted.length === 0) {
    throw new KafkaError('INVALID_ARGUMENT', 'partitionAssignors is empty: name at least one');
  }
  const assignors = wanted.map((one) => {
    if (typeof one === 'object') return one;
    if (!Object.hasOwn(MAKERS, one)) {
      throw new KafkaError(
        'INVALID_ARGUMENT',
        `partitionAssignors has ${one}: known are ${Object.keys(MAKERS).join(', ')}`,
      );
    }
    return MAKERS[one]();
  });
  const names = assignors.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new KafkaError('INVALID_ARGUMENT', `partitionAssignors has ${twice} twice`);
  return assignors;
}

/** The protocol that all of the assignors speak: `cooperative` if it can be. */
export function protocolOf(assignors: readonly Assignor[]): RebalanceProtocol {
  const speaks = (protocol: RebalanceProtocol): boolean =>
    assignors.every(({ protocols = ['eager'] }) => protocols.includes(protocol));
  if (speaks('cooperative')) return 'cooperative';
  if (speaks('eager')) return 'eager';
  throw new KafkaError(
    'INVALID_ARGUMENT',
    `partitionAssignors ${assignors.map(({ name }) => name).join(', ')} have no rebalance protocol in common`,
  );
}
