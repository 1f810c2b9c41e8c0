import {
  AlterPartitionRequest,
  AlterPartitionResponse,
} from '../../wire/kafka/messages/56-alter-partition.ts';
import type { Controller } from '../controller/controller.ts';
import { decodeAlterPartition, encodeAlterPartitionResult } from '../metadata/alter-partition.ts';
import { type Handler, handler } from './handler.ts';

/** AlterPartition: a leader asks the controller to change ISRs. */
export function alterPartitionHandler(parts: { controller: Pick<Controller, 'alterPartition'> }): Handler {
  return handler({
    request: AlterPartitionRequest,
    response: AlterPartitionResponse,
    versions: [0, 3],
    async handle(request, { apiVersion }) {
      const command = decodeAlterPartition(request, apiVersion);
      return encodeAlterPartitionResult(await parts.controller.alterPartition(command));
    },
  });
}
