import {
  UpdateMetadataRequest,
  UpdateMetadataResponse,
} from '../../wire/kafka/messages/06-update-metadata.ts';
import { decodeUpdateMetadata } from '../metadata/command-codec.ts';
import type { CommandTarget } from '../metadata/controller-commands.ts';
import { type Handler, handler } from './handler.ts';

/** UpdateMetadata: the controller says which brokers live and how partitions stand, for clients to ask. */
export function updateMetadataHandler({
  commands,
}: {
  commands: Pick<CommandTarget, 'updateMetadata'>;
}): Handler {
  return handler({
    request: UpdateMetadataRequest,
    response: UpdateMetadataResponse,
    versions: [0, 8],
    async handle(request, { apiVersion }) {
      const { errorCode } = await commands.updateMetadata(decodeUpdateMetadata(request, apiVersion));
      return { errorCode };
    },
  });
}
