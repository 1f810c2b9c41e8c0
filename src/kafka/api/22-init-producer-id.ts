import { ErrorCode } from '../../wire/kafka/errors.ts';
import {
  InitProducerIdRequest,
  InitProducerIdResponse,
} from '../../wire/kafka/messages/22-init-producer-id.ts';
import { type Handler, handler } from './handler.ts';
import type { ProducerIdManager } from './producer-id-manager.ts';

/**
 * InitProducerId for idempotent producers. A transactional id is refused with UNSUPPORTED_VERSION, which ends the
 * producer at once: this broker has no transaction coordinator, and a retriable error would make it try for ever.
 */
export function initProducerIdHandler(parts: { producerIds: Pick<ProducerIdManager, 'next'> }): Handler {
  return handler({
    request: InitProducerIdRequest,
    response: InitProducerIdResponse,
    versions: [0, 5],
    async handle({ transactionalId, producerId, producerEpoch }) {
      if ((producerId === -1n) !== (producerEpoch === -1) || transactionalId === '') {
        return { throttleTimeMs: 0, errorCode: ErrorCode.INVALID_REQUEST, producerEpoch: -1 };
      }
      if (transactionalId !== null)
        return { throttleTimeMs: 0, errorCode: ErrorCode.UNSUPPORTED_VERSION, producerEpoch: -1 };
      return {
        throttleTimeMs: 0,
        errorCode: ErrorCode.NONE,
        producerId: await parts.producerIds.next(),
        producerEpoch: 0,
      };
    },
  });
}
