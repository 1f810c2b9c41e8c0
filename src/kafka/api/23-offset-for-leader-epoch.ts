import { ErrorCode } from '../../wire/kafka/errors.ts';
import {
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochResponse,
} from '../../wire/kafka/messages/23-offset-for-leader-epoch.ts';
import { isRefused } from '../replica/partition.ts';
import type { ReplicaManager } from '../replica/replica-manager.ts';
import { type Handler, handler } from './handler.ts';

/** OffsetForLeaderEpoch: where a leader epoch ends in this log; -1 for an epoch that it does not know. */
export function offsetForLeaderEpochHandler({
  replicas,
}: {
  replicas: Pick<ReplicaManager, 'lookup'>;
}): Handler {
  return handler({
    request: OffsetForLeaderEpochRequest,
    response: OffsetForLeaderEpochResponse,
    versions: [0, 4],
    handle: (request) => ({
      topics: request.topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, currentLeaderEpoch, leaderEpoch }) => ({
          partition,
          ...endOf(topic, partition, currentLeaderEpoch, leaderEpoch),
        })),
      })),
    }),
  });

  function endOf(topic: string, index: number, currentLeaderEpoch: number, leaderEpoch: number) {
    const partition = replicas.lookup({ topic, partition: index });
    if (isRefused(partition)) return { errorCode: partition.error };
    const log = partition.logFor(currentLeaderEpoch, true);
    if (isRefused(log)) return { errorCode: log.error };
    return { errorCode: ErrorCode.NONE, ...log.endOffsetForEpoch(leaderEpoch) };
  }
}
