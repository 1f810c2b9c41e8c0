import type { Socket } from 'node:net';
import { assert } from '../../base/assert.ts';
import type { Connection, ConnectionHandler } from '../net.ts';
import type { Inlet } from './inlet.ts';

/** `write` asks its caller to stop when more than this is waiting. */
const FULL_BYTES = 256 * 1024;
/** A turn's chunks up to this much are cheaper to copy together than to hand over one by one. */
const JOIN_BYTES = 16 * 1024;

/** Runs `action` after the callback under way and all promise reactions that it sets off, before any other event. */
function atEndOfTurn(action: () => void): void {
  // Ticks run before promise reactions, a tick set by a reaction after all of them.
  queueMicrotask(() => process.nextTick(action));
}

/** A TCP socket that sends the chunks of one turn in one system call. */
export class NodeConnection implements Connection {
  readonly remoteHost: string;
  readonly remotePort: number;
  readonly localHost: string;
  readonly localPort: number;
  private readonly socket: Socket;
  private readonly inlet: Inlet;
  private handler: ConnectionHandler | undefined;
  private queue: Buffer[] = [];
  private queuedBytes = 0;
  private owesDrain = false;
  private ending = false;
  private error: Error | undefined;
  private closed = false;
  private readonly flush = (): void => this.flushQueue();

  /** `socket` is connected, and reads into `inlet`. */
  constructor(socket: Socket, inlet: Inlet) {
    this.socket = socket;
    this.inlet = inlet;
    this.remoteHost = plainAddress(socket.remoteAddress);
    this.remotePort = socket.remotePort ?? 0;
    this.localHost = plainAddress(socket.localAddress);
    this.localPort = socket.localPort ?? 0;
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    socket.on('error', (error) => {
      this.error = error;
    });
    socket.on('close', () => {
      this.closed = true;
      this.handler?.close(this.error);
    });
  }

  get pendingBytes(): number {
    return this.queuedBytes + this.socket.writableLength;
  }

  start(handler: ConnectionHandler): void {
    assert(this.handler === undefined, 'connection started twice');
    this.handler = handler;
    if (this.closed) {
      atEndOfTurn(() => handler.close(this.error));
      return;
    }
    const take = handler.copies
      ? (bytes: Buffer) => handler.data(bytes)
      : (bytes: Buffer) => handler.data(Buffer.from(bytes));
    const { waiting } = this.inlet;
    if (waiting.length > 0) {
      atEndOfTurn(() => {
        for (const bytes of waiting) if (!this.closed) handler.data(bytes);
      });
    }
    this.inlet.open(take);
    this.socket.on('drain', () => {
      if (!this.owesDrain || this.pendingBytes > 0) return;
      this.owesDrain = false;
      handler.drain?.();
    });
    this.socket.resume();
  }

  write(chunks: readonly Buffer[]): boolean {
    if (this.ending || this.socket.destroyed) return false;
    if (this.queue.length === 0) atEndOfTurn(this.flush);
    for (const chunk of chunks) {
      this.queue.push(chunk);
      this.queuedBytes += chunk.length;
    }
    if (this.pendingBytes <= FULL_BYTES) return true;
    this.owesDrain = true;
    return false;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    if (this.handler !== undefined) this.socket.resume();
  }

  end(): void {
    if (this.ending) return;
    this.flushQueue();
    this.ending = true;
    this.socket.end();
  }

  destroy(): void {
    this.ending = true;
    this.queue = [];
    this.queuedBytes = 0;
    this.socket.destroy();
  }

  private flushQueue(): void {
    const chunks = this.queue;
    if (chunks.length === 0) return;
    const total = this.queuedBytes;
    this.queue = [];
    this.queuedBytes = 0;
    if (this.socket.destroyed || this.socket.writableEnded) return;
    const only = chunks[0];
    if (chunks.length === 1 && only !== undefined) {
      this.socket.write(only);
    } else if (total <= JOIN_BYTES) {
      this.socket.write(Buffer.concat(chunks, total));
    } else {
      this.socket.cork();
      for (const chunk of chunks) this.socket.write(chunk);
      this.socket.uncork();
    }
  }
}

/** IPv4 addresses that arrive on a dual-stack socket, in their usual form. */
function plainAddress(address: string | undefined): string {
  return address?.replace(/^::ffff:(?=\d+\.)/, '') ?? '';
}
