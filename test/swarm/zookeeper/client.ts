import { ByteReader } from '../../../src/base/byte-reader.ts';
import { ByteWriter } from '../../../src/base/byte-writer.ts';
import type { Env } from '../../../src/env/env.ts';
import type { Connection } from '../../../src/env/net.ts';
import type { SimRandom } from '../../../src/env/sim/sim-random.ts';
import type { Timer } from '../../../src/env/timers.ts';
import { readConnectResponse } from '../../../src/wire/zookeeper/connect.ts';
import { ErrorCode } from '../../../src/wire/zookeeper/errors.ts';
import { EventType, OpCode, SpecialXid } from '../../../src/wire/zookeeper/op-codes.ts';
import {
  ConnectRequest,
  ReplyHeader,
  RequestHeader,
  SetWatches,
  WatcherEvent,
} from '../../../src/wire/zookeeper/protocol.ts';
import { frame } from '../../support/raw-zk-client.ts';
import type { History } from '../invariant.ts';
import type { Operation, ZkObservation } from './observation.ts';
import { encodeRequest, readReply } from './requests.ts';

export interface SwarmClientOptions {
  env: Env;
  random: SimRandom;
  number: number;
  /** `host:port` of the servers. */
  servers: readonly { host: string; port: number }[];
  timeoutMs: number;
  history: History<ZkObservation>;
  /** Simulated time, the same for all hosts. */
  nowMs(): number;
}

export type OperationDraft = Omit<Operation, 'client' | 'sessionId' | 'xid' | 'invokedAt' | 'sentMs'>;

interface Session {
  readonly id: bigint;
  readonly password: Buffer;
  readonly timeoutMs: number;
}

/**
 * A client that writes down all it sees. It sends when told to, keeps its session with pings, comes back to it
 * by any server, asks for its watches again, and begins a new session when the old one is gone.
 *
 *     idle --resume--> connecting --accepted--> attaching --answer--> attached
 *     attached --lost--> connecting, after a pause
 *     any --pause--> idle
 */
export class SwarmClient {
  readonly number: number;
  session: Session | undefined;
  private readonly options: SwarmClientOptions;
  private connection: Connection | undefined;
  private isAttached = false;
  private isResting = true;
  private attempt = 0;
  private rest: Buffer = Buffer.alloc(0);
  private pending: Operation[] = [];
  private nextXid = 1;
  private lastZxid = 0;
  private lastHeardMs = 0;
  private pinger: Timer | undefined;
  private readonly dataWatches = new Set<string>();
  private readonly existWatches = new Set<string>();
  private readonly childWatches = new Set<string>();

  constructor(options: SwarmClientOptions) {
    this.options = options;
    this.number = options.number;
  }

  /** Whether it may send: it is attached, and has not sent the end of its session. */
  get isReady(): boolean {
    return this.isAttached && this.pending.at(-1)?.kind !== 'closeSession';
  }

  get outstanding(): number {
    return this.pending.length;
  }

  /** Begins to connect, and goes on trying. */
  resume(): void {
    if (!this.isResting) return;
    this.isResting = false;
    this.connect();
  }

  /** Leaves the servers without a word. */
  pause(): void {
    this.isResting = true;
    this.attempt++;
    this.drop();
  }

  /** Sends a request; only when ready. */
  send(draft: OperationDraft): Operation {
    const { session, connection } = this;
    if (session === undefined || connection === undefined || !this.isAttached) {
      throw new Error(`client ${this.number} is not attached`);
    }
    const operation: Operation = {
      ...draft,
      client: this.number,
      sessionId: session.id,
      xid: this.nextXid++,
      invokedAt: this.options.history.length,
      sentMs: this.nowMs(),
    };
    this.pending.push(operation);
    this.options.history.record({ kind: 'invoked', operation });
    connection.write([frame(encodeRequest(operation))]);
    return operation;
  }

  private nowMs(): number {
    return this.options.nowMs();
  }

  // Connecting

  private connect(): void {
    const { env, random, servers, timeoutMs } = this.options;
    const server = servers[random.below(servers.length)];
    const attempt = ++this.attempt;
    if (server === undefined || this.isResting) return;
    env.net.connect({ ...server, timeoutMs: timeoutMs / 2 }).then(
      (connection) => {
        if (attempt === this.attempt && !this.isResting) this.connected(connection, attempt);
        else connection.destroy();
      },
      () => this.connectLater(attempt),
    );
  }

  private connectLater(attempt: number): void {
    const { env, random } = this.options;
    if (attempt !== this.attempt || this.isResting) return;
    env.timers.after(random.between(5, 500), () => {
      if (attempt === this.attempt) this.connect();
    });
  }

  private connected(connection: Connection, attempt: number): void {
    this.connection = connection;
    this.rest = Buffer.alloc(0);
    this.lastHeardMs = this.nowMs();
    connection.start({
      data: (bytes) => {
        if (attempt === this.attempt) this.take(bytes);
      },
      close: () => {
        if (attempt === this.attempt) this.lost();
      },
    });
    const { session } = this;
    const request = ConnectRequest.encode({
      protocolVersion: 0,
      lastZxidSeen: this.lastZxid,
      timeOut: this.options.timeoutMs,
      sessionId: session?.id ?? 0n,
      passwd: session?.password ?? Buffer.alloc(16),
      readOnly: false,
    });
    connection.write([frame(request)]);
    const beatMs = this.options.timeoutMs / 3;
    this.pinger = this.options.env.timers.every(beatMs, () => this.beat(beatMs));
  }

  private beat(beatMs: number): void {
    if (this.nowMs() - this.lastHeardMs > 2 * beatMs) this.lost();
    else if (this.isAttached) this.sendHeaderOnly(SpecialXid.ping, OpCode.ping);
  }

  private sendHeaderOnly(xid: number, type: number, body: Buffer = Buffer.alloc(0)): void {
    const writer = new ByteWriter();
    RequestHeader.write(writer, { xid, type });
    this.connection?.write([frame(Buffer.concat([writer.toBuffer(), body]))]);
  }

  private lost(): void {
    this.drop();
    this.connectLater(this.attempt);
  }

  private drop(): void {
    const { connection } = this;
    this.pinger?.cancel();
    this.connection = undefined;
    this.isAttached = false;
    this.attempt++;
    connection?.destroy();
    const pending = this.pending.splice(0);
    for (const operation of pending) this.options.history.record({ kind: 'unanswered', operation });
    // Who has said goodbye does not come back, heard or not.
    if (pending.at(-1)?.kind === 'closeSession') this.forgetSession();
  }

  // Receiving

  private take(bytes: Buffer): void {
    this.lastHeardMs = this.nowMs();
    this.rest = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]);
    const attempt = this.attempt;
    while (attempt === this.attempt && this.rest.length >= 4) {
      const end = 4 + this.rest.readInt32BE(0);
      if (this.rest.length < end) return;
      const body = this.rest.subarray(4, end);
      this.rest = this.rest.subarray(end);
      if (this.isAttached) this.takeFrame(body);
      else this.takeConnectResponse(body);
    }
  }

  private takeConnectResponse(body: Buffer): void {
    const { history } = this.options;
    const { sessionId, passwd, timeOut } = readConnectResponse(new ByteReader(body)).record;
    const before = this.session;
    if (timeOut <= 0) {
      // The session is gone, and with it all that hung on it.
      if (before !== undefined) {
        history.record({ kind: 'expired', client: this.number, sessionId: before.id });
      }
      this.forgetSession();
      this.lost();
      return;
    }
    const isNew = before === undefined;
    this.session = { id: sessionId, password: passwd ?? Buffer.alloc(16), timeoutMs: timeOut };
    this.isAttached = true;
    history.record({ kind: 'session', client: this.number, sessionId, timeoutMs: timeOut, isNew });
    if (!isNew) this.setWatchesAgain();
  }

  private forgetSession(): void {
    this.session = undefined;
    this.nextXid = 1;
    this.dataWatches.clear();
    this.existWatches.clear();
    this.childWatches.clear();
  }

  private setWatchesAgain(): void {
    if (this.dataWatches.size + this.existWatches.size + this.childWatches.size === 0) return;
    const body = SetWatches.encode({
      relativeZxid: this.lastZxid,
      dataWatches: [...this.dataWatches],
      existWatches: [...this.existWatches],
      childWatches: [...this.childWatches],
    });
    this.sendHeaderOnly(SpecialXid.setWatches, OpCode.setWatches, body);
  }

  private takeFrame(body: Buffer): void {
    const reader = new ByteReader(body);
    const header = ReplyHeader.read(reader);
    if (header.xid === SpecialXid.notification) {
      this.takeEvent(WatcherEvent.read(reader));
    } else if (header.xid === SpecialXid.setWatches) {
      const sessionId = this.session?.id ?? 0n;
      const { zxid } = header;
      this.options.history.record({ kind: 'watches set again', client: this.number, sessionId, zxid });
    } else if (header.xid !== SpecialXid.ping) {
      this.takeReply(header, reader);
    }
  }

  private takeEvent({ type, path }: WatcherEvent): void {
    const at = path ?? '';
    if (type !== EventType.nodeChildrenChanged) {
      this.dataWatches.delete(at);
      this.existWatches.delete(at);
    }
    if (type === EventType.nodeChildrenChanged || type === EventType.nodeDeleted)
      this.childWatches.delete(at);
    const sessionId = this.session?.id ?? 0n;
    this.options.history.record({ kind: 'event', client: this.number, sessionId, type, path: at });
  }

  private takeReply(header: ReplyHeader, reader: ByteReader): void {
    const { history } = this.options;
    const operation = this.pending.shift();
    if (operation === undefined || operation.xid !== header.xid) {
      const sessionId = this.session?.id ?? 0n;
      const expectedXid = operation?.xid;
      history.record({
        kind: 'out of order',
        client: this.number,
        sessionId,
        expectedXid,
        xid: header.xid,
      });
      return;
    }
    if (header.zxid > 0) this.lastZxid = header.zxid;
    const reply = readReply(operation, header, reader);
    operation.reply = reply;
    operation.endedAt = history.length;
    this.keepWatch(operation, header.err);
    history.record({ kind: 'answered', operation, reply });
    if (operation.kind === 'closeSession') {
      this.forgetSession();
      this.lost();
    } else if (header.err === ErrorCode.SESSIONEXPIRED) {
      this.lost();
    }
  }

  private keepWatch({ kind, path, watch }: Operation, err: number): void {
    if (watch !== true) return;
    if (kind === 'children' && err === ErrorCode.OK) this.childWatches.add(path);
    else if (kind === 'exists' && err === ErrorCode.NONODE) this.existWatches.add(path);
    else if (err === ErrorCode.OK) this.dataWatches.add(path);
  }
}
