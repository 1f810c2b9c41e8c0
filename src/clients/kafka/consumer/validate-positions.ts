import { getOrPut } from '../../../base/get-or-put.ts';
import { ErrorCode } from '../../../wire/kafka/errors.ts';
import {
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochResponse,
} from '../../../wire/kafka/messages/23-offset-for-leader-epoch.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { BrokerError, isKafkaError } from '../kafka-error.ts';
import type { AssignedPartition } from './assigned-partition.ts';

const API = { request: OffsetForLeaderEpochRequest, response: OffsetForLeaderEpochResponse };
/** Before 3, it needs rights on the cluster that consumers do not have. */
const FIRST_VERSION = 3;

interface Failure {
  readonly partition: AssignedPartition;
  readonly error: unknown;
}

interface Truncation {
  readonly partition: AssignedPartition;
  /** Where the log of the leader leaves what was read; undefined when it does not know. */
  readonly endOffset: number | undefined;
}

/**
 * Asks the leaders whether the epochs of what was read last end at or behind the positions (KIP-320). Those that are
 * right go on fetching.
 */
export async function validatePositions(
  cluster: Cluster,
  partitions: readonly AssignedPartition[],
  jumps: ReadonlyMap<AssignedPartition, number>,
): Promise<{ failed: Failure[]; truncated: Truncation[] }> {
  const failed: Failure[] = [];
  const truncated: Truncation[] = [];
  const byLeader = new Map<number, AssignedPartition[]>();
  for (const partition of partitions) {
    const leader = cluster.metadata.leaderOf(partition.topic, partition.partition);
    if (leader !== undefined) getOrPut(byLeader, leader.id, () => []).push(partition);
    else
      failed.push({ partition, error: new BrokerError(ErrorCode.LEADER_NOT_AVAILABLE, String(partition)) });
  }
  const stillAsked = (partition: AssignedPartition): boolean =>
    !partition.gone && partition.phase === 'validating' && partition.jumps === jumps.get(partition);
  await Promise.all(
    [...byLeader].map(async ([nodeId, group]) => {
      try {
        const epochs = new Map(
          group.map((partition) => [
            partition,
            cluster.metadata.partition(partition.topic, partition.partition)?.leaderEpoch ?? -1,
          ]),
        );
        const answers = await ask(cluster, nodeId, epochs);
        for (const [partition, epoch] of epochs) {
          const answer = answers.get(`${partition.topic}-${partition.partition}`);
          if (!stillAsked(partition)) continue;
          if (answer === undefined || answer.errorCode !== ErrorCode.NONE) {
            const errorCode = answer?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
            failed.push({ partition, error: new BrokerError(errorCode, `leader epoch of ${partition}`) });
            continue;
          }
          partition.phase = 'fetching';
          partition.leaderEpoch = epoch;
          if (answer.endOffset < 0 || answer.leaderEpoch < 0)
            truncated.push({ partition, endOffset: undefined });
          else if (answer.endOffset < partition.fetchOffset) {
            if (answer.endOffset >= partition.position) {
              partition.forgetFetched();
              // What was handed out is of another epoch, perhaps.
              partition.leaderEpoch = -1;
            } else truncated.push({ partition, endOffset: answer.endOffset });
          }
        }
      } catch (error) {
        if (!isKafkaError(error, 'UNSUPPORTED')) {
          for (const partition of group) failed.push({ partition, error });
          return;
        }
        // A broker that cannot tell is believed.
        for (const partition of group.filter(stillAsked)) {
          partition.phase = 'fetching';
          partition.leaderEpoch =
            cluster.metadata.partition(partition.topic, partition.partition)?.leaderEpoch ?? -1;
        }
      }
    }),
  );
  return { failed, truncated };
}

async function ask(cluster: Cluster, nodeId: number, epochs: ReadonlyMap<AssignedPartition, number>) {
  const topics = new Map<string, { partition: number; currentLeaderEpoch: number; leaderEpoch: number }[]>();
  for (const [{ topic, partition, fetchEpoch }, currentLeaderEpoch] of epochs) {
    getOrPut(topics, topic, () => []).push({ partition, currentLeaderEpoch, leaderEpoch: fetchEpoch });
  }
  const response = await cluster.request(
    nodeId,
    API,
    { replicaId: -1, topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })) },
    { versions: { min: FIRST_VERSION, max: OffsetForLeaderEpochRequest.versions.max } },
  );
  return new Map(
    response.topics.flatMap(({ topic, partitions }) =>
      partitions.map((answer) => [`${topic}-${answer.partition}`, answer] as const),
    ),
  );
}
