import { assert } from '../../../src/base/assert.ts';
import {
  type ConnectionInfo,
  closeConnection,
  type Handler,
  noResponse,
} from '../../../src/kafka/api/handler.ts';
import type { Draft, Infer, Message } from '../../../src/wire/kafka/schema/index.ts';

const connection: ConnectionInfo = {
  id: 1,
  listenerName: 'PLAINTEXT',
  securityProtocol: 'PLAINTEXT',
  clientHost: '127.0.0.1',
  clientPort: 50_000,
  principal: 'User:ANONYMOUS',
  clientSoftware: { name: 'unknown', version: 'unknown' },
};

/**
 * Calls a handler as a client would: the request and the answer go through their bytes in that version. Undefined
 * when the handler closes the connection.
 */
export async function callHandler<Q extends Message, R extends Message>(
  handler: Handler,
  messages: { request: Q; response: R },
  apiVersion: number,
  request: Draft<Q>,
): Promise<Infer<R> | undefined> {
  assert(
    apiVersion >= handler.minVersion && apiVersion <= handler.maxVersion,
    `version ${apiVersion} is not served`,
  );
  const bytes = messages.request.at(apiVersion).encode(request);
  const answer = await handler.handle(messages.request.at(apiVersion).decode(bytes), {
    apiKey: handler.request.key ?? -1,
    apiVersion,
    correlationId: 1,
    clientId: 'test',
    connection,
    receivedMs: 0,
    requestBytes: bytes.length,
  });
  if (answer === closeConnection) return undefined;
  assert(answer !== noResponse, 'the handler gave no answer');
  const codec = messages.response.at(apiVersion);
  return codec.decode(codec.encode(answer as Draft<R>)) as Infer<R>;
}
