import { assert } from '../../../base/assert.ts';
import { ByteReader } from '../../../base/byte-reader.ts';
import { ByteWriter } from '../../../base/byte-writer.ts';
import { MalformedError } from '../../../base/malformed-error.ts';
import type { Env } from '../../../env/env.ts';
import type { Connection } from '../../../env/net.ts';
import type { Timer } from '../../../env/timers.ts';
import { type Api, apis } from '../../../wire/kafka/apis.ts';
import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { FrameSplitter, frame } from '../../../wire/kafka/frame.ts';
import { RequestHeader, ResponseHeader } from '../../../wire/kafka/headers.ts';
import { ApiVersionsRequest, ApiVersionsResponse } from '../../../wire/kafka/messages/18-api-versions.ts';
import type { Draft, Infer, Message } from '../../../wire/kafka/schema/index.ts';
import { askForVersions, type BrokerApiVersions, versionsIn, versionToRetry } from './api-versions.ts';
import { NetworkError, type NetworkErrorKind } from './network-error.ts';
import type { ObservedRequest, RequestObserver } from './request-observer.ts';

/** Apache's clients have no limit; memory grows with what has come, not with what was announced. */
const DEFAULT_MAX_RESPONSE_BYTES = 512 * 1024 * 1024;
/** Taken at once for an answer that announces so much. */
const TRUSTED_RESPONSE_BYTES = 16 * 1024 * 1024;
const MAX_CORRELATION_ID = 0x7fff_ffff;

export interface BrokerConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly clientId: string | null;
  /** How long connecting may take (`socket.connection.setup.timeout.ms`). */
  readonly connectTimeoutMs: number;
  /** How long an answer may take, unless a request says otherwise (`request.timeout.ms`). */
  readonly requestTimeoutMs: number;
  /** A longer answer ends the connection. */
  readonly maxResponseBytes?: number;
  /** Called once, when the connection has gone or was closed. */
  readonly onClose?: (reason: NetworkError) => void;
  readonly observer?: RequestObserver | undefined;
}

/** An API as it is asked: both messages of the catalog. */
export interface ApiMessages<Q extends Message, R extends Message> {
  readonly request: Q;
  readonly response: R;
}

interface InFlight {
  readonly correlationId: number;
  readonly api: Api;
  readonly version: number;
  readonly deadlineMs: number;
  /** Wall clock; 0 while nobody observes. */
  readonly sentAtMs: number;
  /** Stands at the body. */
  readonly answer: (body: ByteReader) => void;
  readonly fail: (error: NetworkError) => void;
}

/**
 * One connection to a broker. Requests go out as they are made, as many at a time as the caller likes; answers come
 * in the same order, as the protocol promises. Whatever goes wrong (a late answer, bytes that are no answer, a
 * closed socket) ends the connection and rejects everything under way with a {@link NetworkError}; it never
 * reconnects, that is its owner's.
 *
 *     open --close(), socket gone, late answer, malformed answer--> closed
 */
export class BrokerConnection {
  readonly host: string;
  readonly port: number;
  private readonly env: Env;
  private readonly options: BrokerConnectionOptions;
  private readonly connection: Connection;
  private readonly splitter: FrameSplitter;
  /** In the order in which they were sent. */
  private readonly inFlight: InFlight[] = [];
  private nextCorrelationId = 0;
  private reason: NetworkError | undefined;
  private timer: Timer | undefined;
  private timerAtMs = Number.POSITIVE_INFINITY;
  private sentMs: number;
  /** Who waits for the system to take what was sent. */
  private readonly drained: (() => void)[] = [];

  private constructor(env: Env, options: BrokerConnectionOptions, connection: Connection) {
    this.env = env;
    this.options = options;
    this.host = options.host;
    this.port = options.port;
    this.connection = connection;
    this.splitter = new FrameSplitter(
      options.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES,
      TRUSTED_RESPONSE_BYTES,
    );
    this.sentMs = env.clock.monotonicMs();
    connection.start({
      copies: true,
      data: (bytes) => this.receive(bytes),
      drain: () => this.tellDrained(),
      close: (error) => {
        this.end('disconnected', error === undefined ? 'the broker closed the connection' : error.message);
      },
    });
  }

  /** Rejects with a {@link NetworkError} of kind `unreachable`. */
  static async connect(env: Env, options: BrokerConnectionOptions): Promise<BrokerConnection> {
    const { host, port, connectTimeoutMs: timeoutMs } = options;
    try {
      return new BrokerConnection(env, options, await env.net.connect({ host, port, timeoutMs }));
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new NetworkError('unreachable', `cannot connect to ${host}:${port}: ${why}`, { cause });
    }
  }

  get isOpen(): boolean {
    return this.reason === undefined;
  }

  /** Requests sent and not answered. */
  get requestsInFlight(): number {
    return this.inFlight.length;
  }

  /**
   * Sends a request in this very version and gives its answer. Rejects with a {@link NetworkError}; throws
   * UnsupportedVersionError when the schema cannot say the request in the version.
   */
  request<Q extends Message, R extends Message>(
    messages: ApiMessages<Q, R>,
    version: number,
    body: Draft<Q>,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<Infer<R>> {
    return this.ask(messages.request, version, body, {
      timeoutMs: options.timeoutMs,
      read: (reader) => messages.response.at(version).read(reader) as Infer<R>,
    });
  }

  /** When the last request was sent, on the monotonic clock. */
  get lastSentMs(): number {
    return this.sentMs;
  }

  /**
   * Sends a request that gets no answer: Produce with acks=0. Returns a promise when more is waiting than should, of
   * when the system will have taken it, or the connection is gone.
   */
  send<Q extends Message>(request: Q, version: number, body: Draft<Q>): Promise<void> | undefined {
    if (this.reason !== undefined) throw this.reason;
    this.sentMs = this.env.clock.monotonicMs();
    if (this.connection.write(this.encode(apiOf(request), version, body))) return undefined;
    return new Promise((resolve) => this.drained.push(resolve));
  }

  /**
   * Asks the broker which versions it serves, in the highest version of ApiVersions that it knows (KIP-511).
   * Rejects with a {@link NetworkError}.
   */
  async apiVersions(): Promise<BrokerApiVersions> {
    let version = Math.min(ApiVersionsRequest.versions.max, 4);
    for (;;) {
      const response = await this.askVersions(version);
      const lower = versionToRetry(response, ApiVersionsRequest, version);
      if (lower === undefined) return versionsIn(response);
      version = lower;
    }
  }

  /** Closes once what was sent has left. What is under way is rejected. */
  close(): void {
    this.end('disconnected', 'the connection was closed');
  }

  private askVersions(version: number): Promise<Infer<typeof ApiVersionsResponse>> {
    return this.ask(ApiVersionsRequest, version, askForVersions(version), {
      timeoutMs: undefined,
      read(reader) {
        const start = reader.offset;
        const errorCode = reader.int16();
        reader.offset = start;
        // A version that the broker does not know is answered in the format of version 0.
        const readable = errorCode === ErrorCode.UNSUPPORTED_VERSION ? 0 : version;
        return ApiVersionsResponse.at(readable).read(reader);
      },
    });
  }

  private ask<Q extends Message, A>(
    request: Q,
    version: number,
    body: Draft<Q>,
    how: { readonly timeoutMs: number | undefined; readonly read: (reader: ByteReader) => A },
  ): Promise<A> {
    const api = apiOf(request);
    return new Promise((resolve, reject) => {
      if (this.reason !== undefined) {
        reject(this.reason);
        return;
      }
      const correlationId = this.nextCorrelationId;
      const chunks = this.encode(api, version, body);
      const nowMs = this.env.clock.monotonicMs();
      const deadlineMs = nowMs + (how.timeoutMs ?? this.options.requestTimeoutMs);
      this.sentMs = nowMs;
      this.inFlight.push({
        correlationId,
        api,
        version,
        deadlineMs,
        sentAtMs: this.options.observer === undefined ? 0 : this.env.clock.nowMs(),
        answer: (reader) => resolve(how.read(reader)),
        fail: reject,
      });
      this.watch(deadlineMs);
      this.connection.write(chunks);
      this.observeQueue();
    });
  }

  /** The frame of the next request. */
  private encode(api: Api, version: number, body: unknown): Buffer[] {
    const writer = new ByteWriter();
    const correlationId = this.nextCorrelationId;
    RequestHeader.at(api.requestHeaderVersion(version)).write(writer, {
      requestApiKey: api.key,
      requestApiVersion: version,
      correlationId,
      clientId: this.options.clientId,
    });
    api.request.at(version).write(writer, body);
    this.nextCorrelationId = correlationId === MAX_CORRELATION_ID ? 0 : correlationId + 1;
    return frame(writer.chunks());
  }

  private receive(bytes: Buffer): void {
    if (this.reason !== undefined) return;
    try {
      for (const answer of this.splitter.push(bytes)) {
        // An earlier answer of the same bytes may have ended it.
        if (this.reason !== undefined) return;
        this.take(answer);
      }
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.end('malformed', error.message);
    }
  }

  private take(answer: Buffer): void {
    const reader = new ByteReader(answer);
    const request = this.inFlight[0];
    if (request === undefined) throw new MalformedError('an answer to no request');
    const { api, version, correlationId } = request;
    const header = ResponseHeader.at(api.responseHeaderVersion(version)).read(reader);
    if (header.correlationId !== correlationId) {
      throw new MalformedError(
        `the answer to request ${header.correlationId}, not to ${api.name} request ${correlationId}`,
      );
    }
    request.answer(reader);
    this.inFlight.shift();
    const { observer } = this.options;
    if (observer === undefined) return;
    const durationMs = this.env.clock.nowMs() - request.sentAtMs;
    observer.onAnswer(this.observed(request), durationMs, answer.length);
    this.observeQueue();
  }

  /** Sets the timer when this deadline comes before the one it is set for; deadlines that fell away are found out when it goes off. */
  private watch(deadlineMs: number): void {
    if (deadlineMs >= this.timerAtMs) return;
    this.timer?.cancel();
    this.timerAtMs = deadlineMs;
    const delayMs = Math.max(0, deadlineMs - this.env.clock.monotonicMs());
    this.timer = this.env.timers.after(Math.ceil(delayMs), () => this.lookForLate());
  }

  private lookForLate(): void {
    this.timerAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.env.clock.monotonicMs();
    let next = Number.POSITIVE_INFINITY;
    for (const request of this.inFlight) {
      const { api, deadlineMs } = request;
      if (deadlineMs <= nowMs) {
        this.options.observer?.onTimeout(this.observed(request));
        this.end('timed-out', `no answer to ${api.name} came in time`);
        return;
      }
      next = Math.min(next, deadlineMs);
    }
    this.watch(next);
  }

  private tellDrained(): void {
    for (const action of this.drained.splice(0)) action();
  }

  private observed({ api, version, correlationId, sentAtMs }: InFlight): ObservedRequest {
    return {
      apiKey: api.key,
      apiName: api.name,
      apiVersion: version,
      broker: `${this.host}:${this.port}`,
      clientId: this.options.clientId,
      correlationId,
      sentAtMs,
    };
  }

  private observeQueue(): void {
    const { observer, clientId } = this.options;
    observer?.onQueueSize(`${this.host}:${this.port}`, clientId, this.inFlight.length);
  }

  private end(kind: NetworkErrorKind, why: string): void {
    if (this.reason !== undefined) return;
    const reason = new NetworkError(kind, `${this.host}:${this.port}: ${why}`);
    this.reason = reason;
    this.timer?.cancel();
    // Requests without an answer may have been sent in this very turn.
    if (kind === 'disconnected' && this.connection.pendingBytes > 0) this.connection.end();
    else this.connection.destroy();
    for (const { fail } of this.inFlight.splice(0)) fail(reason);
    this.tellDrained();
    this.options.onClose?.(reason);
  }
}

function apiOf(request: Message): Api {
  const api = apis.get(request.key ?? -1);
  assert(api?.request === request, `${request.name} is not a request`);
  return api;
}
