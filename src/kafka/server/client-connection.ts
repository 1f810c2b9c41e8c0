import { MalformedError } from '../../base/malformed-error.ts';
import type { Env } from '../../env/env.ts';
import type { Connection } from '../../env/net.ts';
import { ApiKey } from '../../wire/kafka/apis.ts';
import { FrameSplitter } from '../../wire/kafka/frame.ts';
import { type ConnectionInfo, closeConnection, noResponse } from '../api/handler.ts';
import type { DispatchResult, RequestDispatcher } from './request-dispatcher.ts';

/** Requests that may wait behind the one under way before the socket is no longer read. */
const MAX_WAITING_REQUESTS = 64;
/** Their size, likewise: requests may be large, and there may be many clients. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** Produce requests that may wait for replicas at the same time. */
const MAX_PRODUCES_UNDER_WAY = 64;

export interface ClientConnectionOptions {
  readonly env: Env;
  readonly connection: Connection;
  readonly info: ConnectionInfo;
  readonly dispatcher: Pick<RequestDispatcher, 'dispatch'>;
  /** `socket.request.max.bytes` */
  readonly maxRequestBytes: number;
  readonly onClose: () => void;
}

/** The place of an answer in the order of answers; undefined until it has come. */
interface Place {
  result: DispatchResult | undefined;
}

/**
 * One client. Requests are answered strictly in order and one at a time, as Apache does by muting a channel until
 * the response is out; what can be answered at once is, all in one turn and one write. Unlike in Apache, Produce
 * requests that follow one another need not wait for each other's replicas: each is appended in its turn, and one
 * round of replication serves all of them. Nobody can tell but by the time it takes.
 *
 * States: reading -> (a handler waits) busy -> reading; any -> (the client reads too slowly) blocked -> reading;
 * any -> closed.
 */
export class ClientConnection {
  readonly info: ConnectionInfo;
  private readonly options: ClientConnectionOptions;
  private readonly connection: Connection;
  private readonly splitter: FrameSplitter;
  private readonly waiting: Buffer[] = [];
  private waitingBytes = 0;
  /** Requests that wait for their handlers, and answers that wait behind those: in order. */
  private readonly underWay: Place[] = [];
  /** What is under way is Produce requests alone. */
  private onlyProduces = false;
  private blocked = false;
  private paused = false;
  private closed = false;
  /** Monotonic time of the last byte in either direction. */
  private lastActiveMs: number;

  constructor(options: ClientConnectionOptions) {
    this.options = options;
    this.info = options.info;
    this.connection = options.connection;
    this.splitter = new FrameSplitter(options.maxRequestBytes);
    this.lastActiveMs = options.env.clock.monotonicMs();
  }

  start(): void {
    this.connection.start({
      copies: true,
      data: (bytes) => this.receive(bytes),
      drain: () => {
        this.blocked = false;
        this.work();
      },
      close: () => this.gone(),
    });
  }

  /** Milliseconds since anything happened; 0 while a request is being answered. */
  idleMs(nowMs: number): number {
    return this.underWay.length > 0 ? 0 : nowMs - this.lastActiveMs;
  }

  /** Closes at once. */
  destroy(): void {
    this.connection.destroy();
    this.gone();
  }

  private receive(bytes: Buffer): void {
    if (this.closed) return;
    this.lastActiveMs = this.options.env.clock.monotonicMs();
    try {
      for (const request of this.splitter.push(bytes)) {
        this.waiting.push(request);
        this.waitingBytes += request.length;
      }
    } catch (error) {
      this.fail(error);
      return;
    }
    this.work();
  }

  private work(): void {
    while (!this.blocked && !this.closed) {
      const [request] = this.waiting;
      if (request === undefined || !this.mayServe(request)) break;
      this.waiting.shift();
      this.waitingBytes -= request.length;
      this.serve(request);
    }
    this.holdBack();
  }

  private mayServe(request: Buffer): boolean {
    if (this.underWay.length === 0) return true;
    return this.onlyProduces && isProduce(request) && this.underWay.length < MAX_PRODUCES_UNDER_WAY;
  }

  private serve(request: Buffer): void {
    try {
      const result = this.options.dispatcher.dispatch(request, this.info);
      if (!(result instanceof Promise)) {
        if (this.underWay.length > 0) this.underWay.push({ result });
        else this.answer(result);
        return;
      }
      const place: Place = { result: undefined };
      this.onlyProduces = isProduce(request);
      this.underWay.push(place);
      result.then(
        (later) => {
          place.result = later;
          this.answerInOrder();
          this.work();
        },
        (error: unknown) => this.fail(error),
      );
    } catch (error) {
      this.fail(error);
    }
  }

  private answerInOrder(): void {
    for (;;) {
      const result = this.underWay[0]?.result;
      if (result === undefined) return;
      this.underWay.shift();
      this.answer(result);
    }
  }

  private answer(result: DispatchResult): void {
    if (this.closed || result === noResponse) return;
    if (result === closeConnection) {
      this.destroy();
      return;
    }
    this.lastActiveMs = this.options.env.clock.monotonicMs();
    this.blocked = !this.connection.write(result);
  }

  /** Stops reading while too many requests wait, so that a client cannot fill the memory. */
  private holdBack(): void {
    if (this.closed) return;
    const full = this.waiting.length >= MAX_WAITING_REQUESTS || this.waitingBytes >= MAX_WAITING_BYTES;
    if (full === this.paused) return;
    this.paused = full;
    if (full) this.connection.pause();
    else this.connection.resume();
  }

  private fail(error: unknown): void {
    if (this.closed) return;
    const { log } = this.options.env;
    const { listenerName: listener, clientHost, clientPort } = this.info;
    const where = { listener, client: `${clientHost}:${clientPort}` };
    if (error instanceof MalformedError) {
      log.warn('closing a connection: what came in is no request that can be served', {
        ...where,
        reason: error.message,
      });
    } else {
      log.error('closing a connection: its request met an unexpected error', {
        ...where,
        error: error instanceof Error ? error.stack : String(error),
      });
    }
    this.destroy();
  }

  private gone(): void {
    if (this.closed) return;
    this.closed = true;
    this.waiting.length = 0;
    this.options.onClose();
  }
}

function isProduce(request: Buffer): boolean {
  return request.length >= 2 && request.readInt16BE(0) === ApiKey.Produce;
}
