import type { Draft, Infer, Message } from '../../wire/kafka/schema/index.ts';

/** Where a request came from. */
export interface ConnectionInfo {
  /** Unique in this broker's life. */
  readonly id: number;
  /** Name of the listener that accepted it, such as `PLAINTEXT`; answers with addresses are chosen by it. */
  readonly listenerName: string;
  readonly securityProtocol: string;
  readonly clientHost: string;
  readonly clientPort: number;
  /** `User:ANONYMOUS` without authentication. */
  readonly principal: string;
  /** What the client says about itself in ApiVersions (KIP-511). */
  clientSoftware: { name: string; version: string };
}

/** All that goes with a request besides its body. */
export interface RequestContext {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  readonly connection: ConnectionInfo;
  /** When the request was complete, on the monotonic clock. */
  readonly receivedMs: number;
  /** Whole size of the request's frame. */
  readonly requestBytes: number;
}

/** The client expects no answer (acks=0). */
export const noResponse = Symbol('no response');
/** The connection ends without an answer: how an error of a request without response reaches the client. */
export const closeConnection = Symbol('close connection');

export type HandlerResult<R> = R | typeof noResponse | typeof closeConnection;

/** One API as this broker serves it. */
export interface Handler {
  readonly request: Message;
  readonly response: Message;
  /** First and last version served; advertised by ApiVersions. */
  readonly minVersion: number;
  readonly maxVersion: number;
  /**
   * Answers one request with the draft of its response, in the same turn where it can. The next request of the
   * connection waits for the answer. An exception is a bug: it is logged and the connection closed.
   */
  handle(request: unknown, context: RequestContext): Answer<unknown>;
}

export type Answer<R> = HandlerResult<R> | Promise<HandlerResult<R>>;

export interface HandlerSpec<Q extends Message, R extends Message> {
  readonly request: Q;
  readonly response: R;
  readonly versions: readonly [min: number, max: number];
  readonly handle: (request: Infer<Q>, context: RequestContext) => Answer<Draft<R>>;
}

/** Declares a handler, its types taken from the messages. */
export function handler<Q extends Message, R extends Message>(spec: HandlerSpec<Q, R>): Handler {
  return {
    request: spec.request,
    response: spec.response,
    minVersion: spec.versions[0],
    maxVersion: spec.versions[1],
    // The server decodes with `request`, so the value has its type.
    handle: (request, context) => spec.handle(request as Infer<Q>, context),
  };
}
