import type {
  AlterPartitionRequest,
  AlterPartitionResponse,
} from '../../wire/kafka/messages/56-alter-partition.ts';
import type { Draft, Infer } from '../../wire/kafka/schema/index.ts';
import { type LeaderAndIsr, zeroUuid } from './model.ts';

/** AlterPartition (KIP-497) as values: a leader asks the controller to change its partitions' ISRs. */

/** From this version on the ISR comes with broker epochs (KIP-903). */
const epochsSince = 3;
/** Epoch of an ISR member that the leader does not know, and that is not compared. */
export const unknownEpoch = -1;

export interface PartitionAlteration {
  /** Empty when only the id is known. */
  readonly topic: string;
  /** {@link zeroUuid} when only the name is known. */
  readonly topicId: string;
  readonly partition: number;
  readonly leaderEpoch: number;
  readonly isr: readonly { readonly brokerId: number; readonly brokerEpoch: number }[];
  readonly leaderRecovering: boolean;
  /** Version of the state that the change starts from. */
  readonly partitionEpoch: number;
}

export interface AlterPartitionCommand {
  /** The leader and the epoch of its registration. */
  readonly brokerId: number;
  readonly brokerEpoch: number;
  readonly partitions: readonly PartitionAlteration[];
}

export interface AlteredPartition {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly errorCode: number;
  /** What holds now; null with an error. */
  readonly state: LeaderAndIsr | null;
}

export interface AlterPartitionResult {
  /** Of the request as a whole; there are no partitions then. */
  readonly errorCode: number;
  readonly partitions: readonly AlteredPartition[];
}

export function encodeAlterPartition(
  command: AlterPartitionCommand,
  version: number,
): Draft<typeof AlterPartitionRequest> {
  const { brokerId, brokerEpoch, partitions } = command;
  return {
    brokerId,
    brokerEpoch,
    topics: groupByTopic(partitions).map(({ topic, topicId, items }) => ({
      topicName: topic,
      topicId,
      partitions: items.map((item) => ({
        partitionIndex: item.partition,
        leaderEpoch: item.leaderEpoch,
        newIsr: version < epochsSince ? item.isr.map((member) => member.brokerId) : [],
        newIsrWithEpochs: version < epochsSince ? [] : item.isr,
        leaderRecoveryState: item.leaderRecovering ? 1 : 0,
        partitionEpoch: item.partitionEpoch,
      })),
    })),
  };
}

export function decodeAlterPartition(
  request: Infer<typeof AlterPartitionRequest>,
  version: number,
): AlterPartitionCommand {
  const { brokerId, brokerEpoch } = request;
  return {
    brokerId,
    brokerEpoch,
    partitions: request.topics.flatMap(({ topicName, topicId, partitions }) =>
      partitions.map((item) => ({
        topic: topicName,
        topicId,
        partition: item.partitionIndex,
        leaderEpoch: item.leaderEpoch,
        isr:
          version < epochsSince
            ? item.newIsr.map((id) => ({ brokerId: id, brokerEpoch: unknownEpoch }))
            : item.newIsrWithEpochs,
        leaderRecovering: item.leaderRecoveryState === 1,
        partitionEpoch: item.partitionEpoch,
      })),
    ),
  };
}

export function encodeAlterPartitionResult(
  result: AlterPartitionResult,
): Draft<typeof AlterPartitionResponse> {
  return {
    throttleTimeMs: 0,
    errorCode: result.errorCode,
    topics: groupByTopic(result.partitions).map(({ topic, topicId, items }) => ({
      topicName: topic,
      topicId,
      partitions: items.map(({ partition, errorCode, state }) => ({
        partitionIndex: partition,
        errorCode,
        leaderId: state?.leader ?? 0,
        leaderEpoch: state?.leaderEpoch ?? 0,
        isr: state?.isr ?? [],
        leaderRecoveryState: state?.leaderRecovering ? 1 : 0,
        partitionEpoch: state?.partitionEpoch ?? 0,
      })),
    })),
  };
}

/** `topics` are those that were asked about: an answer by ids has no names. */
export function decodeAlterPartitionResult(
  response: Infer<typeof AlterPartitionResponse>,
  command: AlterPartitionCommand,
): AlterPartitionResult {
  const names = new Map(command.partitions.map(({ topic, topicId }) => [topicId, topic]));
  return {
    errorCode: response.errorCode,
    partitions: response.topics.flatMap(({ topicName, topicId, partitions }) =>
      partitions.map((item) => ({
        topic: topicId === zeroUuid ? topicName : (names.get(topicId) ?? topicName),
        topicId,
        partition: item.partitionIndex,
        errorCode: item.errorCode,
        state:
          item.errorCode !== 0
            ? null
            : {
                leader: item.leaderId,
                leaderEpoch: item.leaderEpoch,
                isr: item.isr,
                leaderRecovering: item.leaderRecoveryState === 1,
                partitionEpoch: item.partitionEpoch,
              },
      })),
    ),
  };
}

function groupByTopic<T extends { readonly topic: string; readonly topicId: string }>(items: readonly T[]) {
  const groups = new Map<string, { topic: string; topicId: string; items: T[] }>();
  for (const item of items) {
    const { topic, topicId } = item;
    const key = topicId === zeroUuid ? topic : topicId;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { topic, topicId, items: [item] });
    else group.items.push(item);
  }
  return [...groups.values()];
}
