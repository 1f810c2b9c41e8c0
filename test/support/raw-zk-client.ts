import { ByteReader } from '../../src/base/byte-reader.ts';
import { ByteWriter } from '../../src/base/byte-writer.ts';
import type { Connection, Net } from '../../src/env/net.ts';
import type { FieldType } from '../../src/wire/jute/types.ts';
import { readConnectResponse } from '../../src/wire/zookeeper/connect.ts';
import { readMultiResponse } from '../../src/wire/zookeeper/multi.ts';
import { OpCode, SpecialXid } from '../../src/wire/zookeeper/op-codes.ts';
import {
  ConnectRequest,
  type ConnectResponse,
  ReplyHeader,
  RequestHeader,
  WatcherEvent,
} from '../../src/wire/zookeeper/protocol.ts';
import { operation } from './zookeeper-operations.ts';

/** A frame as bytes on the wire: its length in front. */
export function frame(body: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(4 + body.length);
  bytes.writeInt32BE(body.length, 0);
  body.copy(bytes, 4);
  return bytes;
}

export interface RawReply {
  header: ReplyHeader;
  /** The record, for an operation without an error that has one. */
  record: unknown;
}

/**
 * A connection to a ZooKeeper server, one frame at a time, with nothing in between: no session logic, no
 * retries. For tests that look at the server alone.
 */
export class RawZkClient {
  /** Frames received and not yet taken. */
  readonly frames: Buffer[] = [];
  isClosed = false;
  private readonly connection: Connection;
  private readonly chunks: Buffer[] = [];
  private rest: Buffer = Buffer.alloc(0);
  private waiting: (() => void)[] = [];
  private nextXid = 1;

  private constructor(connection: Connection) {
    this.connection = connection;
    connection.start({
      data: (bytes) => this.take(bytes),
      close: () => {
        this.isClosed = true;
        this.wake();
      },
    });
  }

  static async open(net: Net, port: number, host = '127.0.0.1'): Promise<RawZkClient> {
    return new RawZkClient(await net.connect({ host, port }));
  }

  /** Everything received, for connections that do not speak in frames. */
  get received(): Buffer {
    return Buffer.concat(this.chunks);
  }

  private take(bytes: Buffer): void {
    this.chunks.push(bytes);
    this.rest = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]);
    while (this.rest.length >= 4 && this.rest.length >= 4 + this.rest.readInt32BE(0)) {
      const end = 4 + this.rest.readInt32BE(0);
      this.frames.push(this.rest.subarray(4, end));
      this.rest = this.rest.subarray(end);
    }
    this.wake();
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  write(bytes: Buffer): void {
    this.connection.write([bytes]);
  }

  send(body: Buffer): void {
    this.write(frame(body));
  }

  /** Ends the connection without a word, as a client that dies. */
  destroy(): void {
    this.connection.destroy();
    this.isClosed = true;
  }

  /** The next frame; undefined when the server closed the connection instead. */
  async next(): Promise<Buffer | undefined> {
    while (this.frames.length === 0 && !this.isClosed) {
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
      });
    }
    return this.frames.shift();
  }

  async closed(): Promise<void> {
    while (!this.isClosed) {
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
      });
    }
  }

  async connect(request: Partial<ConnectRequest> = {}): Promise<ConnectResponse> {
    this.send(
      ConnectRequest.encode({
        protocolVersion: 0,
        lastZxidSeen: 0,
        timeOut: 10_000,
        sessionId: 0n,
        passwd: Buffer.alloc(16),
        readOnly: false,
        ...request,
      }),
    );
    const response = await this.next();
    if (response === undefined) throw new Error('the server closed the connection on a connect request');
    return readConnectResponse(new ByteReader(response)).record;
  }

  /** Sends a request and gives its xid; `value` is the request's record. */
  request(type: number, value?: unknown, xid = this.nextXid++): number {
    const writer = new ByteWriter();
    RequestHeader.write(writer, { xid, type });
    const record = operation(type)?.request;
    if (record && value !== undefined) record.write(writer, value);
    this.send(writer.toBuffer());
    return xid;
  }

  /** Sends a request and takes the next frame for its reply. Events have to be taken first. */
  async call(type: number, value?: unknown): Promise<RawReply> {
    const xid = this.request(type, value);
    const reply = await this.next();
    if (reply === undefined) throw new Error(`the server closed the connection on operation ${type}`);
    const decoded = decodeReply(type, reply);
    if (decoded.header.xid !== xid) throw new Error(`xid ${decoded.header.xid} where ${xid} was expected`);
    return decoded;
  }

  async event(): Promise<WatcherEvent> {
    const bytes = await this.next();
    if (bytes === undefined) throw new Error('the server closed the connection where an event was expected');
    const reader = new ByteReader(bytes);
    const { xid } = ReplyHeader.read(reader);
    if (xid !== SpecialXid.notification) throw new Error(`a reply to ${xid} where an event was expected`);
    return WatcherEvent.read(reader);
  }
}

/** A reply to an operation of the given type. */
export function decodeReply(type: number, bytes: Buffer): RawReply {
  const reader = new ByteReader(bytes);
  const header = ReplyHeader.read(reader);
  if (header.err !== 0 || reader.remaining === 0) return { header, record: null };
  if (type === OpCode.multi || type === OpCode.multiRead)
    return { header, record: readMultiResponse(reader) };
  const codec: FieldType<unknown> | null | undefined = operation(type)?.response;
  if (codec === null || codec === undefined) throw new Error(`operation ${type} has no response record`);
  const record = codec.read(reader);
  if (reader.remaining > 0)
    throw new Error(`${reader.remaining} bytes behind the reply to operation ${type}`);
  return { header, record };
}
