import { StopReplicaRequest, StopReplicaResponse } from '../../wire/kafka/messages/05-stop-replica.ts';
import { decodeStopReplica, encodeStopReplicaResult } from '../metadata/command-codec.ts';
import type { CommandTarget } from '../metadata/controller-commands.ts';
import { type Handler, handler } from './handler.ts';

/** StopReplica: the controller takes replicas from this broker, with or without their logs. */
export function stopReplicaHandler({ commands }: { commands: Pick<CommandTarget, 'stopReplica'> }): Handler {
  return handler({
    request: StopReplicaRequest,
    response: StopReplicaResponse,
    versions: [0, 4],
    async handle(request) {
      return encodeStopReplicaResult(await commands.stopReplica(decodeStopReplica(request)));
    },
  });
}
