import type { Random } from '../../../env/random.ts';
import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { assignReplicas, assignReplicasRackAware } from '../../controller/replica-assignment.ts';
import type { Broker } from '../../metadata/model.ts';
import { type ApiError, apiError } from '../api-error.ts';
import { MAX_ZNODE_BYTES } from '../znode-size.ts';

/** Replicas by partition. */
export type Replicas = ReadonlyMap<number, readonly number[]>;

export interface AssignmentWish {
  brokers: readonly Broker[];
  partitions: number;
  replicationFactor: number;
  /** Where the first replica goes, by place among the brokers; random when not given. */
  startIndex?: number;
  startPartition?: number;
}

/** Whether the topic's node can hold entries such as `"12345":[1,2],`, before any of them is made. */
function fitsIntoZnode(partitions: number, replicationFactor: number): boolean {
  const digits = String(partitions).length;
  return partitions * (digits + 5 + 2 * replicationFactor) <= MAX_ZNODE_BYTES;
}

/** Spreads new partitions over brokers by Apache's rules; rack-aware when brokers have racks. */
export function planAssignment(wish: AssignmentWish, random: Random): { replicas: Replicas } | ApiError {
  const { partitions, replicationFactor } = wish;
  const brokers = [...wish.brokers].sort((left, right) => left.id - right.id);
  if (partitions <= 0) {
    return apiError(ErrorCode.INVALID_PARTITIONS, 'Number of partitions must be larger than 0.');
  }
  if (replicationFactor <= 0) {
    return apiError(ErrorCode.INVALID_REPLICATION_FACTOR, 'Replication factor must be larger than 0.');
  }
  if (replicationFactor > brokers.length) {
    return apiError(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      `Replication factor: ${replicationFactor} larger than available brokers: ${brokers.length}.`,
    );
  }
  if (!fitsIntoZnode((wish.startPartition ?? 0) + partitions, replicationFactor)) {
    return apiError(
      ErrorCode.INVALID_PARTITIONS,
      `An assignment of ${partitions} partitions does not fit into a znode: make topics of fewer partitions.`,
    );
  }
  const request = {
    partitions,
    replicationFactor,
    startIndex: wish.startIndex ?? random.below(brokers.length),
    firstShift: wish.startIndex ?? random.below(brokers.length),
    startPartition: wish.startPartition ?? 0,
  };
  const racks = new Map<number, string>();
  for (const { id, rack } of brokers) if (rack !== null) racks.set(id, rack);
  if (racks.size === 0) {
    return {
      replicas: assignReplicas(
        brokers.map((broker) => broker.id),
        request,
      ),
    };
  }
  if (racks.size < brokers.length) {
    return apiError(
      ErrorCode.UNKNOWN_SERVER_ERROR,
      'Not all brokers have rack information for replica rack aware assignment.',
    );
  }
  return { replicas: assignReplicasRackAware(racks, request) };
}

/** Checks an assignment that a client gives for a new topic; null when it is good. */
export function newTopicAssignmentError(replicas: Replicas): ApiError | null {
  const invalid = (text: string) => apiError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, text);
  if (new Set([...replicas.values()].map((list) => list.length)).size !== 1) {
    return invalid('All partitions should have the same number of replicas');
  }
  for (const list of replicas.values()) {
    if (new Set(list).size !== list.length) {
      return invalid(`Duplicate replica assignment found: ${describe(replicas)}`);
    }
  }
  const partitions = [...replicas.keys()].sort((left, right) => left - right);
  if (partitions.some((partition, index) => partition !== index)) {
    return invalid('partitions should be a consecutive 0-based integer sequence');
  }
  return null;
}

/** Checks an assignment that a client gives for partitions to be added; null when it is good. */
export function addedPartitionsError(
  added: Replicas,
  replicationFactor: number,
  brokerIds: ReadonlySet<number>,
): ApiError | null {
  for (const [partition, list] of added) {
    if (list.length === 0) {
      return apiError(
        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
        `Cannot have replication factor of 0 for partition id ${partition}.`,
      );
    }
    if (new Set(list).size !== list.length) {
      return apiError(
        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
        `Duplicate brokers not allowed in replica assignment: ${list.join(', ')} for partition id ${partition}.`,
      );
    }
    if (list.some((id) => !brokerIds.has(id))) {
      return apiError(
        ErrorCode.BROKER_NOT_AVAILABLE,
        `Some brokers specified for partition id ${partition} are not available. ` +
          `Specified brokers: ${list.join(', ')}, available brokers: ${[...brokerIds].join(', ')}.`,
      );
    }
  }
  const odd = [...added].filter(([, list]) => list.length !== replicationFactor);
  if (odd.length === 0) return null;
  return apiError(
    ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    `Inconsistent replication factor between partitions, partition 0 has ${replicationFactor} while partitions ` +
      `[${odd.map(([partition]) => partition).join(', ')}] have replication factors ` +
      `[${odd.map(([, list]) => list.length).join(', ')}], respectively.`,
  );
}

function describe(replicas: Replicas): string {
  return [...replicas].map(([partition, list]) => `${partition} -> [${list.join(', ')}]`).join(', ');
}
