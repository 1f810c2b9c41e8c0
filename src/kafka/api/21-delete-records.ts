import { ErrorCode } from '../../wire/kafka/errors.ts';
import { DeleteRecordsRequest, DeleteRecordsResponse } from '../../wire/kafka/messages/21-delete-records.ts';
import { LogError } from '../log/log-error.ts';
import { isRefused } from '../replica/partition.ts';
import type { ReplicaManager } from '../replica/replica-manager.ts';
import { type Handler, handler } from './handler.ts';

/** Topics whose records nobody may delete from outside. */
const INTERNAL_TOPICS = new Set(['__consumer_offsets', '__transaction_state']);

/** DeleteRecords: moves the log start offset of partitions forward. */
export function deleteRecordsHandler({ replicas }: { replicas: Pick<ReplicaManager, 'lookup'> }): Handler {
  return handler({
    request: DeleteRecordsRequest,
    response: DeleteRecordsResponse,
    versions: [0, 2],
    handle: (request) => ({
      throttleTimeMs: 0,
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, offset }) => ({
          partitionIndex,
          ...deleteUpTo(name, partitionIndex, offset),
        })),
      })),
    }),
  });

  function deleteUpTo(
    topic: string,
    index: number,
    offset: number,
  ): { lowWatermark: number; errorCode: ErrorCode } {
    const partition = replicas.lookup({ topic, partition: index });
    if (isRefused(partition)) return { lowWatermark: -1, errorCode: partition.error };
    if (INTERNAL_TOPICS.has(topic)) return { lowWatermark: -1, errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION };
    try {
      const deleted = partition.deleteRecords(offset);
      if (isRefused(deleted)) return { lowWatermark: -1, errorCode: deleted.error };
      return { lowWatermark: deleted.lowWatermark, errorCode: ErrorCode.NONE };
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      return { lowWatermark: -1, errorCode: ErrorCode[error.error] };
    }
  }
}
