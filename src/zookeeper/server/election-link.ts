import { MalformedError } from '../../base/malformed-error.ts';
import type { Connection, ConnectionHandler } from '../../env/net.ts';
import { MAX_NOTIFICATION_BYTES } from '../../wire/zookeeper/election.ts';
import { FrameAssembler } from './frame-assembler.ts';

const LENGTH_BYTES = 4;

/** What an election connection tells its owner. */
export interface ElectionLinkEvents {
  /** A notification, without its length. */
  frame(frame: Buffer): void;
  /** The connection can take a message again. */
  writable(): void;
  /** The connection is gone. `reason` is set when it did not end in order. */
  closed(reason: string | undefined): void;
}

/** The connection to one other server once both know who the other is: frames either way. */
export class ElectionLink implements ConnectionHandler {
  private readonly connection: Connection;
  private readonly events: ElectionLinkEvents;
  private readonly assembler = new FrameAssembler(MAX_NOTIFICATION_BYTES);
  private isFull = false;
  private isOpen = true;

  /** To be attached as the handler of the connection. */
  constructor(connection: Connection, events: ElectionLinkEvents) {
    this.connection = connection;
    this.events = events;
  }

  /** Whether a message may be handed over: the system has taken those before. */
  get isWritable(): boolean {
    return !this.isFull;
  }

  send(frame: Buffer): void {
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeInt32BE(frame.length);
    this.isFull = !this.connection.write([length, frame]);
  }

  /** Closes without telling the owner. */
  destroy(): void {
    this.isOpen = false;
    this.connection.destroy();
  }

  data(bytes: Buffer): void {
    if (!this.isOpen) return;
    try {
      this.assembler.push(bytes);
      for (let frame = this.assembler.next(); frame !== undefined; frame = this.assembler.next()) {
        if (frame.length === 0) throw new MalformedError('a notification of no bytes');
        this.events.frame(frame);
        if (!this.isOpen) return;
      }
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.connection.destroy();
      this.ended(error.message);
    }
  }

  drain(): void {
    this.isFull = false;
    if (this.isOpen) this.events.writable();
  }

  close(error?: Error): void {
    this.ended(error?.message);
  }

  private ended(reason: string | undefined): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.events.closed(reason);
  }
}
