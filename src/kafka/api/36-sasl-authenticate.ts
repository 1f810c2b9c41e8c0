import { ErrorCode } from '../../wire/kafka/errors.ts';
import {
  SaslAuthenticateRequest,
  SaslAuthenticateResponse,
} from '../../wire/kafka/messages/36-sasl-authenticate.ts';
import { type Handler, handler } from './handler.ts';

/** SaslAuthenticate on a connection that has nothing to authenticate, or has done so already. */
export function saslAuthenticateHandler(): Handler {
  return handler({
    request: SaslAuthenticateRequest,
    response: SaslAuthenticateResponse,
    versions: [0, 2],
    handle: () => ({
      errorCode: ErrorCode.ILLEGAL_SASL_STATE,
      errorMessage: 'There is no SASL exchange going on: this connection needs no authentication.',
      authBytes: Buffer.alloc(0),
    }),
  });
}
