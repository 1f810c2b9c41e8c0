import { assert } from '../../base/assert.ts';
import { FileSystemError } from '../memory/file-system-error.ts';
import type { Connection, ConnectionHandler } from '../net.ts';
import type { Pipe, SimNetwork } from './sim-network.ts';
import type { SimProcess } from './sim-process.ts';

/** Bytes that the system takes over before they count as waiting. */
const WINDOW_BYTES = 256 * 1024;
const FULL_BYTES = 256 * 1024;

/** What travels from one end of a connection to the other, in order. */
export type Packet =
  | { kind: 'open' }
  | { kind: 'data'; bytes: Buffer }
  | { kind: 'end' }
  | { kind: 'reset'; code: string };

export interface EndpointAddress {
  localHost: string;
  localPort: number;
  remoteHost: string;
  remotePort: number;
}

/**
 * One end of a simulated TCP connection.
 *
 *     open --end()-->           ending, then closed when the other end has ended too
 *     open --end arrives-->     sends what is queued and its own end, closed
 *     open --reset arrives, retransmission gives up--> closed with an error
 *     any  --destroy()-->       closed
 */
export class SimConnection implements Connection {
  readonly process: SimProcess;
  readonly localHost: string;
  readonly localPort: number;
  readonly remoteHost: string;
  readonly remotePort: number;
  private readonly network: SimNetwork;
  private other: SimConnection | undefined;
  private pipe: Pipe | undefined;
  private handler: ConnectionHandler | undefined;
  private queue: Buffer[] = [];
  private queuedBytes = 0;
  /** Bytes sent and not yet given to the other end's handler. */
  private undelivered = 0;
  private inbox: Packet[] = [];
  private emptying = false;
  private paused = false;
  private ended = false;
  private otherEnded = false;
  private closed = false;
  private owesDrain = false;
  private closeError: Error | undefined;

  constructor(network: SimNetwork, process: SimProcess, address: EndpointAddress) {
    this.network = network;
    this.process = process;
    this.localHost = address.localHost;
    this.localPort = address.localPort;
    this.remoteHost = address.remoteHost;
    this.remotePort = address.remotePort;
  }

  get label(): string {
    return `${this.process.host.name}:${this.localPort}`;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  get pendingBytes(): number {
    return this.queuedBytes + Math.max(0, this.undelivered - WINDOW_BYTES);
  }

  /** Ties this end to the other one; `pipe` leads there. */
  join(other: SimConnection, pipe: Pipe): void {
    this.other = other;
    this.pipe = pipe;
  }

  /** Tells the connecting side that it got through. */
  answerOpen(): void {
    this.send({ kind: 'open' });
  }

  start(handler: ConnectionHandler): void {
    assert(this.handler === undefined, 'connection started twice');
    this.handler = handler;
    if (this.closed) this.process.after(0, `close ${this.label}`, () => handler.close(this.closeError));
    else this.emptyInbox();
  }

  write(chunks: readonly Buffer[]): boolean {
    if (this.ended || this.closed || !this.process.isAlive) return false;
    if (this.queue.length === 0) {
      this.process.after(0, `flush ${this.label}`, () => this.flush());
    }
    for (const chunk of chunks) {
      this.queue.push(chunk);
      this.queuedBytes += chunk.length;
    }
    if (this.pendingBytes <= FULL_BYTES) return true;
    this.owesDrain = true;
    return false;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.emptyInbox();
  }

  end(): void {
    if (this.ended || this.closed) return;
    this.flush();
    this.ended = true;
    this.send({ kind: 'end' });
    if (this.otherEnded) this.close();
  }

  destroy(): void {
    if (this.closed) return;
    this.queue = [];
    this.queuedBytes = 0;
    if (!this.ended) this.send({ kind: 'end' });
    this.ended = true;
    this.close();
  }

  /** The process behind this end is gone; its system ends the connection for it. */
  abandon(code: string | undefined): void {
    if (this.closed) return;
    this.send(code === undefined ? { kind: 'end' } : { kind: 'reset', code });
    this.closed = true;
    this.network.forget(this);
  }

  /** Breaks this end with an error. */
  fail(code: string): void {
    this.close(
      new FileSystemError(code, `connection ${this.label} to ${this.remoteHost}:${this.remotePort}`),
    );
  }

  /** A packet came in from the other end. */
  receive(packet: Packet): void {
    if (this.closed) {
      // Nobody is here any more: the sender learns it as TCP tells it.
      if (packet.kind === 'data') this.send({ kind: 'reset', code: 'ECONNRESET' });
      return;
    }
    if (packet.kind === 'reset') {
      this.fail(packet.code);
      return;
    }
    this.inbox.push(packet);
    if (this.inbox.length === 1 && !this.emptying) this.takeOne();
  }

  /** The other end's handler has got `bytes` bytes. */
  delivered(bytes: number): void {
    this.undelivered -= bytes;
    if (!this.owesDrain || this.pendingBytes > 0 || this.closed) return;
    this.owesDrain = false;
    this.process.after(0, `drain ${this.label}`, () => {
      if (!this.closed) this.handler?.drain?.();
    });
  }

  private flush(): void {
    if (this.queue.length === 0 || this.closed) return;
    // Copied here: the receiver owns its bytes and may change them.
    const bytes = Buffer.concat(this.queue, this.queuedBytes);
    this.queue = [];
    this.queuedBytes = 0;
    this.undelivered += bytes.length;
    for (const piece of this.network.fragment(bytes)) this.send({ kind: 'data', bytes: piece });
  }

  private send(packet: Packet): void {
    if (this.pipe !== undefined) this.network.send(this.pipe, packet);
  }

  /** Gives one waiting packet a turn, then the next. */
  private emptyInbox(): void {
    if (this.emptying || this.inbox.length === 0) return;
    this.emptying = true;
    this.process.after(0, `deliver ${this.label}`, () => {
      this.emptying = false;
      this.takeOne();
    });
  }

  private takeOne(): void {
    if (this.handler === undefined || this.paused || this.closed) return;
    const packet = this.inbox.shift();
    if (packet?.kind === 'data') {
      this.other?.delivered(packet.bytes.length);
      this.handler.data(packet.bytes);
      // Whoever keeps them all the same finds that out here.
      if (this.handler.copies) packet.bytes.fill(0);
    } else if (packet?.kind === 'end') {
      this.otherEnded = true;
      this.flush();
      if (!this.ended) this.send({ kind: 'end' });
      this.ended = true;
      this.close();
    }
    if (!this.closed) this.emptyInbox();
  }

  private close(error?: Error): void {
    if (this.closed) return;
    this.closed = true;
    this.closeError = error;
    this.inbox = [];
    this.network.forget(this);
    const handler = this.handler;
    if (handler !== undefined) {
      this.process.after(0, `close ${this.label}`, () => handler.close(error));
    }
  }
}
