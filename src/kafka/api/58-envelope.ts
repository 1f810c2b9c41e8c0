import { EnvelopeRequest, EnvelopeResponse } from '../../wire/kafka/messages/58-envelope.ts';
import { closeConnection, type Handler, handler } from './handler.ts';

/**
 * Envelope, by which KRaft's brokers forward requests to the controller. In ZooKeeper mode nobody forwards: who sends one
 * is not understood, and its connection ends (`KafkaApis.handleEnvelope`, 3.9).
 */
export function envelopeHandler(): Handler {
  return handler({
    request: EnvelopeRequest,
    response: EnvelopeResponse,
    versions: [0, 0],
    handle: () => closeConnection,
  });
}
