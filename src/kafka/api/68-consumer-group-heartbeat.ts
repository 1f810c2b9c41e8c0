import { ErrorCode } from '../../wire/kafka/errors.ts';
import {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from '../../wire/kafka/messages/68-consumer-group-heartbeat.ts';
import { type Handler, handler } from './handler.ts';

/** ConsumerGroupHeartbeat: groups of the new kind (KIP-848) need KRaft, and clients are told so. */
export function consumerGroupHeartbeatHandler(): Handler {
  return handler({
    request: ConsumerGroupHeartbeatRequest,
    response: ConsumerGroupHeartbeatResponse,
    versions: [0, 0],
    handle: () => ({
      throttleTimeMs: 0,
      errorCode: ErrorCode.UNSUPPORTED_VERSION,
      memberEpoch: 0,
      heartbeatIntervalMs: 0,
    }),
  });
}
