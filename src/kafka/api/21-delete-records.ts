import { ErrorCode } from '../../wire/kafka/errors.ts';
import { DeleteRecordsRequest, DeleteRecordsResponse } from '../../wire/kafka/messages/21-delete-records.ts';
import type { Draft } from '../../wire/kafka/schema/index.ts';
import type { TopicPartition } from '../log/topic-partition.ts';
import type { PartitionDelete, PartitionDeleted } from '../replica/delayed-delete.ts';
import { isRefused } from '../replica/partition.ts';
import type { ReplicaManager } from '../replica/replica-manager.ts';
import { type Handler, handler } from './handler.ts';

/** One partition of a request, with what becomes of it. */
interface Entry extends PartitionDelete {
  result: PartitionDeleted | undefined;
}

/** Topics whose records nobody may delete from outside. */
const INTERNAL_TOPICS = new Set(['__consumer_offsets', '__transaction_state']);

/** DeleteRecords: moves the log start offset of partitions forward, on all replicas that live. */
export function deleteRecordsHandler({
  replicas,
}: {
  replicas: Pick<ReplicaManager, 'lookup' | 'deleteRecords'>;
}): Handler {
  return handler({
    request: DeleteRecordsRequest,
    response: DeleteRecordsResponse,
    versions: [0, 2],
    handle(request) {
      const entries = request.topics.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex, offset }) =>
          entryOf({ topic: name, partition: partitionIndex }, offset),
        ),
      );
      const accepted = entries.filter(({ result }) => result === undefined);
      const finish = (results: readonly PartitionDeleted[]): Draft<typeof DeleteRecordsResponse> => {
        for (const [at, entry] of accepted.entries()) entry.result = results[at];
        let next = 0;
        return {
          throttleTimeMs: 0,
          topics: request.topics.map(({ name, partitions }) => ({
            name,
            partitions: partitions.map(({ partitionIndex }) => {
              const { error, lowWatermark } =
                entries[next++]?.result ?? refused(ErrorCode.UNKNOWN_SERVER_ERROR);
              return { partitionIndex, lowWatermark, errorCode: error };
            }),
          })),
        };
      };
      const results = replicas.deleteRecords(request.timeoutMs, accepted);
      return results instanceof Promise ? results.then(finish) : finish(results);
    },
  });

  function entryOf(topicPartition: TopicPartition, offset: number): Entry {
    const partition = replicas.lookup(topicPartition);
    // A partition that is not there is told before one that must not be touched.
    const isInternal = !isRefused(partition) && INTERNAL_TOPICS.has(topicPartition.topic);
    const result = isInternal ? refused(ErrorCode.INVALID_TOPIC_EXCEPTION) : undefined;
    return { topicPartition, offset, result };
  }
}

function refused(error: ErrorCode): PartitionDeleted {
  return { error, lowWatermark: -1 };
}
