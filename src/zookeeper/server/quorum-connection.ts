import { MalformedError } from '../../base/malformed-error.ts';
import type { Env } from '../../env/env.ts';
import type { Connection, ConnectionHandler } from '../../env/net.ts';
import type { Timer } from '../../env/timers.ts';
import type { QuorumPacket } from '../../wire/zookeeper/quorum.ts';
import { isProtocolError } from '../zab/learner.ts';
import { PacketParser } from '../zab/packet-parser.ts';
import type { Flushable } from './server-core.ts';

/** The server around a connection: turns, at whose end what was queued is sent. */
export interface TurnHost {
  turn(action: () => void): void;
  hasOutput(connection: Flushable): void;
}

export interface QuorumConnectionOptions {
  env: Pick<Env, 'timers' | 'clock'>;
  host: TurnHost;
  /** Bounds the data of one packet. */
  maxDataBytes: number;
  /** A packet has come. Throws MalformedError or ProtocolError to have the connection closed. */
  packet(packet: QuorumPacket): void;
  /** Whether the next packet may be handed over; {@link QuorumConnection.goOn} tells when it may again. */
  isReady(): boolean;
  /** How long the other side may be silent; undefined for ever. Asked anew each time. */
  readTimeoutMs(): number | undefined;
  /** This server cannot go on, for a reason that is not the other side's. */
  failed(error: unknown): void;
  /** The connection is gone; the last call. */
  closed(reason: string): void;
}

/** More than this waits in the socket, not in memory. */
const PAUSE_ABOVE_BYTES = 4 * 1024 * 1024;

/**
 * A connection between leader and learner: packets both ways, and after SNAP a tree.
 *
 *     packets --receiveTree--> tree --endTree--> packets
 *     any     --destroy, malformed bytes, silence, network error--> closed
 */
export class QuorumConnection implements ConnectionHandler, Flushable {
  private readonly connection: Connection;
  private readonly options: QuorumConnectionOptions;
  private readonly parser: PacketParser;
  private output: Buffer[] = [];
  /** While a tree is being sent: what is to follow it. */
  private behindTree: Buffer[] | undefined;
  private tree: ChunkQueue | undefined;
  private waitingBytes = 0;
  private isPaused = false;
  private isHandling = false;
  private isClosed = false;
  private heardMs: number;
  private silenceTimer: Timer | undefined;
  private drained: (() => void) | undefined;

  constructor(connection: Connection, options: QuorumConnectionOptions) {
    this.connection = connection;
    this.options = options;
    this.parser = new PacketParser(options.maxDataBytes);
    this.heardMs = options.env.clock.monotonicMs();
  }

  get remote(): string {
    return `${this.connection.remoteHost}:${this.connection.remotePort}`;
  }

  /** Lets data flow. */
  start(): void {
    this.connection.start(this);
    this.watchSilence();
  }

  // Reading

  data(bytes: Buffer): void {
    if (this.isClosed) return;
    this.heardMs = this.options.env.clock.monotonicMs();
    if (this.tree !== undefined) {
      this.tree.push(bytes);
      this.pauseIf(this.tree.bytes > PAUSE_ABOVE_BYTES);
      return;
    }
    this.parser.push(bytes);
    this.waitingBytes += bytes.length;
    this.goOn();
  }

  /** Handles the packets that are there, until one makes the rest wait. Never nested. */
  goOn(): void {
    if (this.isHandling || this.isClosed) return;
    this.isHandling = true;
    try {
      this.options.host.turn(() => this.handlePackets());
    } catch (error) {
      if (isProtocolError(error)) this.end(error.message);
      else this.options.failed(error);
    } finally {
      this.isHandling = false;
    }
  }

  private handlePackets(): void {
    while (!this.isClosed && this.tree === undefined && this.options.isReady()) {
      const packet = this.parser.next();
      if (packet === undefined) {
        this.waitingBytes = 0;
        break;
      }
      this.options.packet(packet);
    }
    this.pauseIf(!this.isClosed && this.tree === undefined && this.waitingBytes > PAUSE_ABOVE_BYTES);
  }

  private pauseIf(isTooMuch: boolean): void {
    if (isTooMuch === this.isPaused || this.isClosed) return;
    this.isPaused = isTooMuch;
    if (isTooMuch) this.connection.pause();
    else this.connection.resume();
  }

  /** What comes from now on is no packet: chunks, until {@link endTree}. Throws when the connection breaks. */
  receiveTree(): AsyncIterable<Buffer> {
    const tree = new ChunkQueue(() => this.pauseIf(false));
    tree.push(this.parser.takeRest());
    this.waitingBytes = 0;
    this.tree = tree;
    return tree;
  }

  /** The tree was whole; `rest` is what has been taken and does not belong to it. */
  endTree(rest: Buffer): void {
    const unread = this.tree?.takeAll() ?? [];
    this.tree = undefined;
    for (const bytes of [rest, ...unread]) {
      this.parser.push(bytes);
      this.waitingBytes += bytes.length;
    }
    this.pauseIf(false);
  }

  private watchSilence(): void {
    const { timers, clock } = this.options.env;
    const limitMs = this.options.readTimeoutMs();
    const leftMs = limitMs === undefined ? undefined : limitMs - (clock.monotonicMs() - this.heardMs);
    // What has been received and not been looked at yet is no silence.
    const isWaiting = this.waitingBytes > 0 || this.isPaused;
    if (leftMs !== undefined && leftMs <= 0 && !isWaiting) {
      this.end(`nothing heard for ${limitMs} ms`);
      return;
    }
    const delayMs = Math.max(1, Math.ceil(Math.min(leftMs ?? SILENCE_CHECK_MS, SILENCE_CHECK_MS)));
    this.silenceTimer = timers.after(delayMs, () => this.watchSilence());
  }

  // Writing

  /** What waits to be sent: packets behind others of this side, and bytes, also those in the socket. */
  get queued(): { readonly packets: number; readonly bytes: number } {
    const waiting = [...this.output, ...(this.behindTree ?? [])];
    const bytes = waiting.reduce((sum, packet) => sum + packet.length, this.connection.pendingBytes);
    return { packets: waiting.length, bytes };
  }

  send(bytes: Buffer): void {
    if (this.isClosed) return;
    if (this.behindTree !== undefined) {
      this.behindTree.push(bytes);
      return;
    }
    this.output.push(bytes);
    this.options.host.hasOutput(this);
  }

  /** Sends a long row of bytes, piece by piece as the network takes them; what is sent meanwhile follows it. */
  sendTree(chunks: Iterator<Buffer>): void {
    this.flush();
    this.behindTree = [];
    this.sendNextChunk(chunks);
  }

  private sendNextChunk(chunks: Iterator<Buffer>): void {
    if (this.isClosed) return;
    const { value, done } = chunks.next();
    if (done !== true) {
      const goOn = (): void => this.sendNextChunk(chunks);
      if (this.connection.write([value])) this.options.env.timers.soon(goOn);
      else this.drained = goOn;
      return;
    }
    const behind = this.behindTree ?? [];
    this.behindTree = undefined;
    if (behind.length > 0) this.connection.write(behind);
  }

  drain(): void {
    const { drained } = this;
    this.drained = undefined;
    drained?.();
  }

  flush(): void {
    if (this.isClosed || this.output.length === 0) return;
    const { output } = this;
    this.output = [];
    this.connection.write(output.length > 1 ? [Buffer.concat(output)] : output);
  }

  // Ending

  /** Closes at once; `closed` is not called. */
  destroy(): void {
    if (this.isClosed) return;
    this.leave('closed by this server');
    this.connection.destroy();
  }

  private end(reason: string): void {
    if (this.isClosed) return;
    this.leave(reason);
    this.connection.destroy();
    this.options.host.turn(() => this.options.closed(reason));
  }

  private leave(reason: string): void {
    this.isClosed = true;
    this.output = [];
    this.behindTree = undefined;
    this.silenceTimer?.cancel();
    this.tree?.fail(new MalformedError(`the connection ended within the tree: ${reason}`));
  }

  close(error?: Error): void {
    if (this.isClosed) return;
    this.options.host.turn(() => {
      const reason = error === undefined ? 'the other side closed the connection' : error.message;
      this.leave(reason);
      this.options.closed(reason);
    });
  }
}

const SILENCE_CHECK_MS = 500;

/** Chunks on their way from the network to one reader. */
class ChunkQueue implements AsyncIterable<Buffer>, AsyncIterator<Buffer> {
  bytes = 0;
  private chunks: Buffer[] = [];
  private failure: Error | undefined;
  private waiting: { resolve(result: IteratorResult<Buffer>): void; reject(error: Error): void } | undefined;
  private readonly emptied: () => void;

  constructor(emptied: () => void) {
    this.emptied = emptied;
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer> {
    return this;
  }

  push(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.waiting !== undefined) {
      const { resolve } = this.waiting;
      this.waiting = undefined;
      resolve({ done: false, value: bytes });
      return;
    }
    this.chunks.push(bytes);
    this.bytes += bytes.length;
  }

  fail(error: Error): void {
    this.failure = error;
    this.waiting?.reject(error);
    this.waiting = undefined;
  }

  takeAll(): Buffer[] {
    this.bytes = 0;
    return this.chunks.splice(0);
  }

  next(): Promise<IteratorResult<Buffer>> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const value = this.chunks.shift();
    if (value === undefined) {
      this.emptied();
      return new Promise((resolve, reject) => {
        this.waiting = { resolve, reject };
      });
    }
    this.bytes -= value.length;
    return Promise.resolve({ done: false, value });
  }

  return(): Promise<IteratorResult<Buffer>> {
    return Promise.resolve({ done: true, value: undefined });
  }
}
