import { ErrorCode } from '../../wire/kafka/errors.ts';
import {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from '../../wire/kafka/messages/46-list-partition-reassignments.ts';
import type { Controller } from '../controller/controller.ts';
import { apiError } from './api-error.ts';
import { byTopic } from './by-topic.ts';
import { type Handler, handler } from './handler.ts';

/** ListPartitionReassignments: moves of replicas that are under way (KIP-455). */
export function listPartitionReassignmentsHandler(parts: {
  controller: Pick<Controller, 'listReassignments'>;
}): Handler {
  return handler({
    request: ListPartitionReassignmentsRequest,
    response: ListPartitionReassignmentsResponse,
    versions: [0, 0],
    async handle({ topics }) {
      const asked =
        topics?.flatMap(({ name, partitionIndexes }) =>
          [...new Set(partitionIndexes)].map((partition) => ({ topic: name, partition })),
        ) ?? null;
      const ongoing = await parts.controller.listReassignments(asked);
      if (ongoing === null) return { throttleTimeMs: 0, ...apiError(ErrorCode.NOT_CONTROLLER), topics: [] };
      return {
        throttleTimeMs: 0,
        errorCode: ErrorCode.NONE,
        errorMessage: null,
        topics: [...byTopic(ongoing)].map(([name, partitions]) => ({
          name,
          partitions: partitions.map(({ partition, assignment }) => ({
            partitionIndex: partition,
            ...assignment,
          })),
        })),
      };
    },
  });
}
