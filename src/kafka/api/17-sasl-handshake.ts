import { ErrorCode } from '../../wire/kafka/errors.ts';
import { SaslHandshakeRequest, SaslHandshakeResponse } from '../../wire/kafka/messages/17-sasl-handshake.ts';
import { type Handler, handler } from './handler.ts';

/** SaslHandshake on a connection that has nothing to authenticate, or has done so already. */
export function saslHandshakeHandler(): Handler {
  return handler({
    request: SaslHandshakeRequest,
    response: SaslHandshakeResponse,
    versions: [0, 1],
    handle: () => ({ errorCode: ErrorCode.ILLEGAL_SASL_STATE, mechanisms: [] }),
  });
}
