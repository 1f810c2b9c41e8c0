import { ErrorCode } from '../../wire/kafka/errors.ts';
import { OffsetDeleteRequest, OffsetDeleteResponse } from '../../wire/kafka/messages/47-offset-delete.ts';
import type { GroupApi } from './group-request.ts';
import { type Handler, handler } from './handler.ts';

/** OffsetDelete (KIP-496): not of topics that the group reads. */
export function offsetDeleteHandler({ coordinator, image }: GroupApi): Handler {
  return handler({
    request: OffsetDeleteRequest,
    response: OffsetDeleteResponse,
    versions: [0, 0],
    async handle(request) {
      const cluster = image();
      const exists = (topic: string, partition: number): boolean =>
        cluster.partition(topic, partition) !== undefined;
      const { error, topics } = await coordinator.deleteOffsets(
        request.groupId,
        request.topics.map(({ name, partitions }) => ({
          topic: name,
          partitions: partitions.map((each) => each.partitionIndex).filter((index) => exists(name, index)),
        })),
      );
      if (error !== ErrorCode.NONE) return { errorCode: error, throttleTimeMs: 0, topics: [] };
      return {
        errorCode: ErrorCode.NONE,
        throttleTimeMs: 0,
        // The answer names the topics in the order of the request.
        topics: request.topics.map(({ name, partitions }, i) => {
          const errors = new Map(topics[i]?.partitions.map((each) => [each.partition, each.error]));
          return {
            name,
            partitions: partitions.map(({ partitionIndex }) => ({
              partitionIndex,
              errorCode: errors.get(partitionIndex) ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
            })),
          };
        }),
      };
    },
  });
}
