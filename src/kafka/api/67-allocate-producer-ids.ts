import {
  AllocateProducerIdsRequest,
  AllocateProducerIdsResponse,
} from '../../wire/kafka/messages/67-allocate-producer-ids.ts';
import type { Controller } from '../controller/controller.ts';
import { type Handler, handler } from './handler.ts';

/** AllocateProducerIds: the controller gives a broker a block of producer ids (KIP-730). */
export function allocateProducerIdsHandler(parts: {
  controller: Pick<Controller, 'allocateProducerIds'>;
}): Handler {
  return handler({
    request: AllocateProducerIdsRequest,
    response: AllocateProducerIdsResponse,
    versions: [0, 0],
    async handle({ brokerId, brokerEpoch }) {
      const { errorCode, first, count } = await parts.controller.allocateProducerIds(brokerId, brokerEpoch);
      return { throttleTimeMs: 0, errorCode, producerIdStart: first, producerIdLen: count };
    },
  });
}
