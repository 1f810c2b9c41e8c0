import { ByteReader } from '../../base/byte-reader.ts';
import { ByteWriter } from '../../base/byte-writer.ts';
import { MalformedError } from '../../base/malformed-error.ts';
import type { Env } from '../../env/env.ts';
import { type Api, ApiKey } from '../../wire/kafka/apis.ts';
import { frame } from '../../wire/kafka/frame.ts';
import { type RequestHeader, ResponseHeader, readRequestHeader } from '../../wire/kafka/headers.ts';
import { unsupportedApiVersions } from '../api/18-api-versions.ts';
import {
  type Answer,
  type ConnectionInfo,
  closeConnection,
  type Handler,
  type HandlerResult,
  noResponse,
  type RequestContext,
} from '../api/handler.ts';
import type { HandlerTable } from '../api/table.ts';

/**
 * Stands between the connections and the handlers: may answer a request itself, delay it or change its answer.
 * The place for authorization, quotas, metrics and injected faults.
 */
export type RequestInterceptor = (
  request: unknown,
  context: RequestContext,
  next: () => Answer<unknown>,
) => Answer<unknown>;

/** The frames to send back, or what else happens to the connection. */
export type DispatchResult = readonly Buffer[] | typeof noResponse | typeof closeConnection;

/** Turns a request frame into the chunks of its response frame. */
export class RequestDispatcher {
  private readonly env: Env;
  private readonly table: HandlerTable;
  private readonly interceptors: readonly RequestInterceptor[];

  constructor(env: Env, table: HandlerTable, interceptors: readonly RequestInterceptor[] = []) {
    this.env = env;
    this.table = table;
    this.interceptors = interceptors;
  }

  /**
   * Throws {@link MalformedError} for bytes that are no request, for unknown APIs and for versions that are not
   * served, upon which Apache too closes the connection (`SocketServer.processCompletedReceives`).
   */
  dispatch(bytes: Buffer, connection: ConnectionInfo): DispatchResult | Promise<DispatchResult> {
    const receivedMs = this.env.clock.monotonicMs();
    const reader = new ByteReader(bytes);
    const { header, api } = readRequestHeader(reader);
    const { requestApiKey: apiKey, requestApiVersion: apiVersion } = header;
    const handler = this.table.get(apiKey);
    if (api === undefined || handler === undefined) {
      throw new MalformedError(`API ${api?.name ?? apiKey} version ${apiVersion} is not served here`);
    }
    if (apiVersion < handler.minVersion || apiVersion > handler.maxVersion) {
      if (apiKey === ApiKey.ApiVersions)
        return this.encode(api, handler, header, unsupportedApiVersions(), 0);
      throw new MalformedError(`${api.name} version ${apiVersion} is not served here`);
    }
    const request = handler.request.at(apiVersion).read(reader);
    const { correlationId, clientId } = header;
    const requestBytes = bytes.length;
    const context = { apiKey, apiVersion, correlationId, clientId, connection, receivedMs, requestBytes };
    const answer = this.run(handler, request, context);
    if (answer instanceof Promise) return answer.then((result) => this.finish(api, handler, header, result));
    return this.finish(api, handler, header, answer);
  }

  private run(handler: Handler, request: unknown, context: RequestContext): Answer<unknown> {
    let next = () => handler.handle(request, context);
    for (const interceptor of this.interceptors.toReversed()) {
      const inner = next;
      next = () => interceptor(request, context, inner);
    }
    return next();
  }

  private finish(
    api: Api,
    handler: Handler,
    header: RequestHeader,
    result: HandlerResult<unknown>,
  ): DispatchResult {
    if (result === noResponse || result === closeConnection) return result;
    return this.encode(api, handler, header, result, header.requestApiVersion);
  }

  private encode(
    api: Api,
    handler: Handler,
    header: RequestHeader,
    draft: unknown,
    version: number,
  ): readonly Buffer[] {
    const writer = new ByteWriter();
    const { correlationId } = header;
    ResponseHeader.at(api.responseHeaderVersion(version)).write(writer, { correlationId });
    handler.response.at(version).write(writer, draft);
    return frame(writer.chunks());
  }
}
