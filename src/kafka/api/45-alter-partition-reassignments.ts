import { ErrorCode } from '../../wire/kafka/errors.ts';
import {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
} from '../../wire/kafka/messages/45-alter-partition-reassignments.ts';
import type { Controller } from '../controller/controller.ts';
import type { ReassignmentRequest } from '../controller/reassignments.ts';
import { apiError } from './api-error.ts';
import { byTopic } from './by-topic.ts';
import { type Handler, handler } from './handler.ts';

/** AlterPartitionReassignments: moves replicas to other brokers, or cancels moves (KIP-455). */
export function alterPartitionReassignmentsHandler(parts: {
  controller: Pick<Controller, 'alterReassignments'>;
}): Handler {
  return handler({
    request: AlterPartitionReassignmentsRequest,
    response: AlterPartitionReassignmentsResponse,
    versions: [0, 0],
    async handle({ topics }) {
      const requests = new Map<string, ReassignmentRequest>();
      for (const { name, partitions } of topics) {
        for (const { partitionIndex, replicas } of partitions) {
          requests.set(`${name}-${partitionIndex}`, { topic: name, partition: partitionIndex, replicas });
        }
      }
      const outcomes = await parts.controller.alterReassignments([...requests.values()]);
      if (outcomes === null)
        return { throttleTimeMs: 0, ...apiError(ErrorCode.NOT_CONTROLLER), responses: [] };
      return {
        throttleTimeMs: 0,
        errorCode: ErrorCode.NONE,
        errorMessage: null,
        responses: [...byTopic(outcomes)].map(([name, results]) => ({
          name,
          partitions: results.map(({ partition, errorCode, errorMessage }) => ({
            partitionIndex: partition,
            errorCode,
            errorMessage,
          })),
        })),
      };
    },
  });
}
