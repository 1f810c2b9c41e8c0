import { LeaderAndIsrRequest, LeaderAndIsrResponse } from '../../wire/kafka/messages/04-leader-and-isr.ts';
import { decodeLeaderAndIsr, encodeLeaderAndIsrResult } from '../metadata/command-codec.ts';
import type { CommandTarget } from '../metadata/controller-commands.ts';
import { type Handler, handler } from './handler.ts';

/** LeaderAndIsr: the controller says what this broker leads and follows. */
export function leaderAndIsrHandler({
  commands,
}: {
  commands: Pick<CommandTarget, 'leaderAndIsr'>;
}): Handler {
  return handler({
    request: LeaderAndIsrRequest,
    response: LeaderAndIsrResponse,
    versions: [0, 7],
    async handle(request, { apiVersion }) {
      const command = decodeLeaderAndIsr(request);
      return encodeLeaderAndIsrResult(await commands.leaderAndIsr(command), command, apiVersion);
    },
  });
}
