import { ByteReader } from '../../base/byte-reader.ts';
import { ByteWriter } from '../../base/byte-writer.ts';
import { MalformedError } from '../../base/malformed-error.ts';
import type { Env } from '../../env/env.ts';
import type { Connection } from '../../env/net.ts';
import type { Timer } from '../../env/timers.ts';
import { type Handshake, readConnectResponse } from '../../wire/zookeeper/connect.ts';
import { OpCode, SpecialXid } from '../../wire/zookeeper/op-codes.ts';
import {
  ConnectRequest,
  type ConnectResponse,
  ReplyHeader,
  RequestHeader,
} from '../../wire/zookeeper/protocol.ts';
import type { ServerAddress } from './connect-string.ts';
import { FrameReader } from './frame-reader.ts';

const NOTIFICATION = SpecialXid.notification;

/** What one connection to one server tells the session. */
export interface SessionConnectionHandler {
  /** The server's answer to the connect request; the first thing that comes. */
  established(response: ConnectResponse): void;
  /** A reply or a notification; `body` stands after the header. */
  reply(header: ReplyHeader, body: ByteReader): void;
  /** The connection is gone; the last event. */
  lost(reason: string): void;
}

/** How long a connection may be silent. */
export interface SilenceLimits {
  /** A ping is sent when nothing else was for this long. */
  pingMs: number;
  /** The connection is given up when nothing came for this long. */
  silenceMs: number;
}

/**
 * One connection of a session to one server: connects, shakes hands, frames, pings, notices silence.
 *
 *     connecting --connected--> greeting --answer--> established
 *     any state  --failure, silence, drop()--> lost
 */
export class SessionConnection {
  readonly server: ServerAddress;
  private readonly env: Env;
  private readonly handler: SessionConnectionHandler;
  private readonly frames: FrameReader;
  private connection: Connection | undefined;
  private isEstablished = false;
  /** Frames that have come and were not handled yet. */
  private backlog: Buffer[] = [];
  /** Whether the backlog waits for a turn of its own. */
  private isDeferred = false;
  private isOver = false;
  private limits: SilenceLimits | undefined;
  private timer: Timer;
  private lastSentMs = 0;
  private lastReceivedMs = 0;

  constructor(
    env: Env,
    server: ServerAddress,
    handler: SessionConnectionHandler,
    options: { greeting: ConnectRequest; timeoutMs: number; maxFrameBytes: number },
  ) {
    this.env = env;
    this.server = server;
    this.handler = handler;
    this.frames = new FrameReader(options.maxFrameBytes);
    this.timer = env.timers.after(options.timeoutMs, () => {
      this.lose(`${this.name} did not answer within ${options.timeoutMs} ms`);
    });
    env.net.connect({ ...server, timeoutMs: options.timeoutMs }).then(
      (connection) => this.greet(connection, options.greeting),
      (error: Error) => this.lose(error.message),
    );
  }

  get name(): string {
    return `${this.server.host}:${this.server.port}`;
  }

  /** Sets the limits of silence, once the session's timeout is agreed. */
  watchSilence(limits: SilenceLimits): void {
    this.limits = limits;
    this.timer.cancel();
    this.tick();
  }

  /** Sends a request; `writeBody` writes what follows the header. */
  send(header: RequestHeader, writeBody?: (writer: ByteWriter) => void): void {
    const writer = new ByteWriter();
    // The length, known once everything is written.
    writer.int32(0);
    RequestHeader.write(writer, header);
    writeBody?.(writer);
    this.sendFrame(writer);
  }

  /** Ends the connection without an event. */
  drop(): void {
    this.isOver = true;
    this.timer.cancel();
    this.connection?.destroy();
  }

  /** Sends what begins with room for its length. */
  private sendFrame(writer: ByteWriter): void {
    const chunks = writer.chunks();
    chunks[0]?.writeInt32BE(writer.length - 4, 0);
    this.lastSentMs = this.env.clock.monotonicMs();
    this.connection?.write(chunks);
  }

  private greet(connection: Connection, greeting: ConnectRequest): void {
    if (this.isOver) {
      connection.destroy();
      return;
    }
    this.connection = connection;
    connection.start({
      data: (bytes) => this.receive(bytes),
      close: (error) => this.lose(error?.message ?? `${this.name} closed the connection`),
    });
    const writer = new ByteWriter();
    writer.int32(0);
    ConnectRequest.write(writer, greeting);
    this.sendFrame(writer);
  }

  private receive(bytes: Buffer): void {
    if (this.isOver) return;
    this.lastReceivedMs = this.env.clock.monotonicMs();
    try {
      this.backlog.push(...this.frames.push(bytes));
      if (!this.isDeferred) this.takeFrames();
    } catch (error) {
      this.loseMalformed(error);
    }
  }

  /**
   * Handles the frames that have come. A notification behind a reply waits for a turn of its own, so that who
   * awaits the reply goes on before the watch that the same reply has set is called.
   */
  private takeFrames(): void {
    const frames = this.backlog;
    this.backlog = [];
    let replies = 0;
    for (const [index, frame] of frames.entries()) {
      if (this.isOver) return;
      const isNotification = this.isEstablished && frame.length >= 4 && frame.readInt32BE(0) === NOTIFICATION;
      if (isNotification && replies > 0) {
        this.backlog = frames.slice(index);
        this.isDeferred = true;
        this.env.timers.soon(() => this.takeDeferred());
        return;
      }
      if (!isNotification) replies += 1;
      this.receiveFrame(new ByteReader(frame));
    }
  }

  private takeDeferred(): void {
    this.isDeferred = false;
    try {
      this.takeFrames();
    } catch (error) {
      this.loseMalformed(error);
    }
  }

  private loseMalformed(error: unknown): void {
    if (!(error instanceof MalformedError)) throw error;
    this.lose(`${this.name} sent a malformed packet: ${error.message}`);
  }

  private receiveFrame(reader: ByteReader): void {
    if (this.isEstablished) {
      const header = ReplyHeader.read(reader);
      if (header.xid !== SpecialXid.ping) this.handler.reply(header, reader);
      return;
    }
    const { record }: Handshake<ConnectResponse> = readConnectResponse(reader);
    this.isEstablished = true;
    this.handler.established(record);
  }

  /** Pings or gives up when it is time, and sets the time to look again. */
  private tick(): void {
    const limits = this.limits;
    if (limits === undefined || this.isOver) return;
    const nowMs = this.env.clock.monotonicMs();
    const silentMs = nowMs - this.lastReceivedMs;
    if (silentMs >= limits.silenceMs) {
      this.lose(`nothing came from ${this.name} for ${Math.round(silentMs)} ms`);
      return;
    }
    if (nowMs - this.lastSentMs >= limits.pingMs) this.send({ xid: SpecialXid.ping, type: OpCode.ping });
    const nextMs = Math.min(this.lastSentMs + limits.pingMs, this.lastReceivedMs + limits.silenceMs) - nowMs;
    // A little late rather than early: an early look would do nothing and come again at once.
    this.timer = this.env.timers.after(Math.max(1, Math.ceil(nextMs)), () => this.tick());
  }

  private lose(reason: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.timer.cancel();
    this.connection?.destroy();
    this.handler.lost(reason);
  }
}
