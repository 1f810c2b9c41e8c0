import { ByteReader } from '../../base/byte-reader.ts';
import { ByteWriter } from '../../base/byte-writer.ts';
import { MalformedError } from '../../base/malformed-error.ts';
import type { Connection, ConnectionHandler } from '../../env/net.ts';
import { ConnectResponseWithoutReadOnly, readConnectRequest } from '../../wire/zookeeper/connect.ts';
import type { Id } from '../../wire/zookeeper/data.ts';
import { ErrorCode } from '../../wire/zookeeper/errors.ts';
import { KeeperState, OpCode, SpecialXid } from '../../wire/zookeeper/op-codes.ts';
import {
  AuthPacket,
  type ConnectRequest,
  ConnectResponse,
  GetSASLRequest,
  ReplyHeader,
  RequestHeader,
  SetSASLResponse,
  WatcherEvent,
} from '../../wire/zookeeper/protocol.ts';
import { CreateSessionTxn } from '../../wire/zookeeper/txn.ts';
import {
  isKnownOperation,
  isWrite,
  type Reply,
  type Request,
  type RequestClient,
} from '../pipeline/request.ts';
import { sessionPassword } from '../session/session-password.ts';
import type { WatchEvent } from '../watch/watches.ts';
import type { FourLetterAnswer } from './four-letter-words.ts';
import { FrameAssembler } from './frame-assembler.ts';
import { operationLabel } from './operation-label.ts';
import { ConnectionStats, type ServerStats } from './server-stats.ts';

/** What a connection asks of its server. */
export interface ConnectionHost {
  readonly stats: ServerStats;
  readonly maxBufferBytes: number;
  /** Every request names the server that it came by. */
  readonly owner: unknown;
  /** Whether the server takes no writes at present. */
  readonly isReadOnly: boolean;
  monotonicMs(): number;
  wallMs(): number;
  /** Runs `action` as one turn, at whose end everything queued on any connection is sent. */
  turn(action: () => void): void;
  /** Has the connection flushed at the end of the turn. */
  hasOutput(connection: ClientConnection): void;
  /** A first frame. The host answers by `establish`, `refuse` or `destroy`, now or later. */
  connect(connection: ClientConnection, request: ConnectRequest): void;
  /** Whether a request of so many bytes may be read now; the connection ends where it may not. */
  admitsRequest(bytes: number): boolean;
  submit(request: Request): void;
  /** Whether clients that have requests under way should not be read from. */
  isOverloaded(): boolean;
  authenticate(scheme: string, auth: Buffer, remoteHost: string): Id[] | undefined;
  mayRead(event: WatchEvent, identities: readonly Id[]): boolean;
  /** The answer to a four-letter word; undefined when these bytes are none. */
  fourLetterWord(word: number): FourLetterAnswer | undefined;
  /** The connection is gone. */
  closed(connection: ClientConnection): void;
  debug(text: string, fields: Record<string, unknown>): void;
}

const INITIAL_REPLY_BYTES = 128;
/** Small replies of a turn are joined, for one long write costs less than many short ones. */
const JOIN_BELOW_BYTES = 256 * 1024;
const NO_PASSWORD = Buffer.alloc(16);
const WORD_BYTES = 4;

/**
 * One client's connection. Transitions:
 *
 *     new --connect request--> connecting --establish--> open
 *     new --four-letter word--> closing
 *     connecting --refuse--> closing
 *     open --session closed, moved or expired; failed authentication; unknown operation--> closing
 *     closing --flushed--> closed
 *     any --malformed frame, network error, destroy--> closed
 */
export class ClientConnection implements RequestClient, ConnectionHandler {
  readonly remoteHost: string;
  readonly remotePort: number;
  readonly stats = new ConnectionStats();
  readonly establishedMs: number;
  readonly acceptedAtMs: number;
  sessionId = 0n;
  sessionTimeoutMs = 0;
  /** Requests under way. */
  outstanding = 0;
  identities: readonly Id[];
  private readonly host: ConnectionHost;
  private readonly connection: Connection;
  private readonly assembler: FrameAssembler;
  private state: 'new' | 'connecting' | 'open' | 'closing' | 'closed' = 'new';
  private knowsReadOnly = true;
  private isThrottled = false;
  private isSocketFull = false;
  private isProcessing = false;
  private output: Buffer[] = [];
  private outputBytes = 0;

  constructor(host: ConnectionHost, connection: Connection) {
    this.host = host;
    this.connection = connection;
    this.assembler = new FrameAssembler(host.maxBufferBytes);
    this.remoteHost = connection.remoteHost;
    this.remotePort = connection.remotePort;
    this.establishedMs = host.wallMs();
    this.acceptedAtMs = host.monotonicMs();
    this.identities = [{ scheme: 'ip', id: connection.remoteHost }];
  }

  /** Lets data flow. */
  start(): void {
    this.connection.start(this);
  }

  get hasSession(): boolean {
    return this.state === 'open';
  }

  /** Whether the client has yet to say who it is. */
  get isSessionless(): boolean {
    return this.state === 'new';
  }

  get isClosed(): boolean {
    return this.state === 'closed';
  }

  /** Apache's interest bits: 1 for reading, 4 for writing. */
  get interestOps(): number {
    return (this.isPaused ? 0 : 1) | (this.output.length > 0 || this.connection.pendingBytes > 0 ? 4 : 0);
  }

  // Reading

  data(bytes: Buffer): void {
    this.host.stats.bytesReceived += bytes.length;
    this.assembler.push(bytes);
    this.host.turn(() => this.process());
  }

  private get isPaused(): boolean {
    return this.isThrottled || this.isSocketFull || this.state === 'connecting';
  }

  /** Handles the frames that are there, until one has to wait. Never nested. */
  private process(): void {
    if (this.isProcessing) return;
    this.isProcessing = true;
    try {
      while ((this.state === 'new' || this.state === 'open') && !this.isPaused) {
        if (this.state === 'new' && this.answerFourLetterWord()) break;
        if (this.state === 'open') this.checkSize();
        const frame = this.assembler.next();
        if (frame === undefined) break;
        this.countReceived();
        if (this.state === 'new') this.readConnect(frame);
        else this.readRequest(frame);
      }
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.host.debug('closing a connection that sent malformed bytes', {
        remote: `${this.remoteHost}:${this.remotePort}`,
        reason: error.message,
      });
      this.destroy();
    } finally {
      this.isProcessing = false;
    }
  }

  /** Throws MalformedError for a large request while others are under way. */
  private checkSize(): void {
    const bytes = this.assembler.peekInt32();
    if (bytes === undefined || this.host.admitsRequest(bytes)) return;
    throw new MalformedError(`a request of ${bytes} bytes, too large for now (largeRequestMaxBytes)`);
  }

  private countReceived(): void {
    this.stats.packetsReceived++;
    this.host.stats.packetsReceived++;
  }

  private answerFourLetterWord(): boolean {
    const word = this.assembler.peekInt32();
    const answer = word === undefined ? undefined : this.host.fourLetterWord(word);
    if (answer === undefined) return false;
    // The rest is on its way.
    const bytes = this.assembler.peek(WORD_BYTES + answer.argumentBytes);
    if (bytes === undefined) return true;
    this.countReceived();
    this.queue([Buffer.from(answer.text(bytes.subarray(WORD_BYTES)))]);
    this.closeAfterReplies();
    return true;
  }

  private readConnect(frame: Buffer): void {
    const { record, hasReadOnly } = readConnectRequest(new ByteReader(frame));
    this.knowsReadOnly = hasReadOnly;
    this.state = 'connecting';
    this.connection.pause();
    this.host.connect(this, record);
  }

  private readRequest(frame: Buffer): void {
    const reader = new ByteReader(frame);
    const { xid, type } = RequestHeader.read(reader);
    if (type === OpCode.auth) {
      this.readAuth(xid, reader);
    } else if (type === OpCode.sasl) {
      // SASL is not set up: like Apache's server without a login, answer that nothing was negotiated.
      GetSASLRequest.read(reader);
      this.send(xid, 0, { error: ErrorCode.OK, record: { type: SetSASLResponse, value: { token: null } } });
    } else if (!isKnownOperation(type)) {
      this.send(xid, -1, { error: ErrorCode.UNIMPLEMENTED });
      this.closeAfterReplies();
    } else {
      this.submit(xid, type, frame.subarray(reader.offset));
    }
  }

  private readAuth(xid: number, reader: ByteReader): void {
    const { scheme, auth } = AuthPacket.read(reader);
    const proven = this.host.authenticate(scheme ?? '', auth ?? Buffer.alloc(0), this.remoteHost);
    if (proven !== undefined) {
      this.addIdentities(proven);
      this.send(xid, 0, { error: ErrorCode.OK });
      return;
    }
    this.host.stats.authFailures++;
    this.send(xid, 0, { error: ErrorCode.AUTHFAILED });
    this.closeAfterReplies();
  }

  private addIdentities(proven: readonly Id[]): void {
    const isNew = (id: Id) =>
      !this.identities.some((known) => known.scheme === id.scheme && known.id === id.id);
    this.identities = [...this.identities, ...proven.filter(isNew)];
  }

  private submit(cxid: number, type: number, body: Buffer): void {
    const { sessionId, identities } = this;
    // The session exists: its timeout is what was negotiated, not what the client now claims.
    const ownBody = type === OpCode.createSession ? this.createSessionBody() : body;
    this.outstanding++;
    if (this.host.isOverloaded()) this.throttle();
    this.host.submit({
      sessionId,
      cxid,
      type,
      body: ownBody,
      client: this,
      identities,
      owner: this.host.owner,
      receivedMs: this.host.monotonicMs(),
    });
  }

  /** The session of this connection, proposed. */
  createSession(sessionId: bigint, timeoutMs: number): void {
    this.sessionId = sessionId;
    this.sessionTimeoutMs = timeoutMs;
    this.submit(0, OpCode.createSession, Buffer.alloc(0));
  }

  private createSessionBody(): Buffer {
    return CreateSessionTxn.encode({ timeOut: this.sessionTimeoutMs });
  }

  private throttle(): void {
    this.isThrottled = true;
    this.connection.pause();
  }

  /** One of this connection's requests is done with. */
  requestFinished(): void {
    this.outstanding--;
    if (this.isThrottled && this.outstanding < 1) {
      this.isThrottled = false;
      this.goOn();
    }
  }

  private goOn(): void {
    if (this.isPaused || this.state === 'closing' || this.state === 'closed') return;
    this.connection.resume();
    this.process();
  }

  // Writing

  respond(request: Request, zxid: number, reply: Reply): void {
    const xid = request.type === OpCode.ping ? SpecialXid.ping : request.cxid;
    const latencyMs = Math.floor(this.host.monotonicMs() - request.receivedMs);
    this.stats.latencyMs.add(latencyMs);
    this.host.stats.latencyMs.add(latencyMs);
    (isWrite(request.type) ? this.host.stats.updateLatencyMs : this.host.stats.readLatencyMs).add(latencyMs);
    this.stats.lastOperation = operationLabel(request.type);
    this.stats.lastCxid = request.cxid;
    this.stats.lastZxid = zxid;
    this.stats.lastResponseMs = this.host.monotonicMs();
    this.send(xid, zxid, reply);
  }

  sessionCreated(request: Request): void {
    this.stats.lastOperation = operationLabel(request.type);
    this.establish(this.sessionId, this.sessionTimeoutMs);
  }

  /** Tells the client its session; from now on it is served. */
  establish(sessionId: bigint, timeoutMs: number): void {
    if (this.state === 'closing' || this.state === 'closed') return;
    this.sessionId = sessionId;
    this.sessionTimeoutMs = timeoutMs;
    this.sendConnectResponse({ timeOut: timeoutMs, sessionId, passwd: sessionPassword(sessionId) });
    this.state = 'open';
    this.goOn();
  }

  /** Tells the client that it has no session, and closes. */
  refuse(): void {
    this.sendConnectResponse({ timeOut: 0, sessionId: 0n, passwd: NO_PASSWORD });
    this.closeAfterReplies();
  }

  private sendConnectResponse(session: Pick<ConnectResponse, 'timeOut' | 'sessionId' | 'passwd'>): void {
    const writer = startFrame();
    const response = { protocolVersion: 0, ...session, readOnly: this.host.isReadOnly };
    if (this.knowsReadOnly) ConnectResponse.write(writer, response);
    else ConnectResponseWithoutReadOnly.write(writer, response);
    this.sendFrame(writer);
  }

  private send(xid: number, zxid: number, reply: Reply): void {
    const writer = startFrame();
    ReplyHeader.write(writer, { xid, zxid, err: reply.error });
    if (reply.record !== undefined) reply.record.type.write(writer, reply.record.value);
    this.host.stats.responseBytes.add(writer.length - FRAME_LENGTH_BYTES);
    this.sendFrame(writer);
  }

  watchEvent(event: WatchEvent): void {
    if (this.state !== 'open' || !this.host.mayRead(event, this.identities)) return;
    const writer = startFrame();
    ReplyHeader.write(writer, { xid: SpecialXid.notification, zxid: event.zxid, err: ErrorCode.OK });
    WatcherEvent.write(writer, { type: event.type, state: KeeperState.syncConnected, path: event.path });
    this.host.stats.watchBytes += writer.length - FRAME_LENGTH_BYTES;
    this.sendFrame(writer);
  }

  private sendFrame(writer: ByteWriter): void {
    const chunks = writer.chunks();
    chunks[0]?.writeInt32BE(writer.length - FRAME_LENGTH_BYTES, 0);
    this.stats.packetsSent++;
    this.host.stats.packetsSent++;
    this.queue(chunks);
  }

  private queue(chunks: readonly Buffer[]): void {
    if (this.state === 'closed') return;
    for (const chunk of chunks) {
      this.output.push(chunk);
      this.outputBytes += chunk.length;
    }
    this.host.hasOutput(this);
  }

  /** Sends what the turn has queued, as one write. */
  flush(): void {
    if (this.state === 'closed') return;
    const { output, outputBytes } = this;
    if (output.length > 0) {
      this.output = [];
      this.outputBytes = 0;
      const joined = output.length > 1 && outputBytes < JOIN_BELOW_BYTES ? [Buffer.concat(output)] : output;
      if (!this.connection.write(joined) && !this.isSocketFull) {
        this.isSocketFull = true;
        this.connection.pause();
      }
    }
    if (this.state === 'closing') {
      this.connection.end();
      this.leave();
    }
  }

  drain(): void {
    this.isSocketFull = false;
    this.host.turn(() => this.goOn());
  }

  // Ending

  closeAfterReplies(): void {
    if (this.state === 'closed') return;
    this.state = 'closing';
    this.host.hasOutput(this);
  }

  /** Closes behind the answers that are ready, unless the client does not take them. */
  finish(): void {
    if (this.isSocketFull) {
      this.destroy();
    } else {
      this.closeAfterReplies();
      this.flush();
    }
  }

  /** Closes at once; what is queued is lost. */
  destroy(): void {
    if (this.state === 'closed') return;
    this.connection.destroy();
    this.leave();
  }

  close(): void {
    if (this.state === 'closed') return;
    this.host.stats.connectionsDropped++;
    this.leave();
  }

  private leave(): void {
    this.state = 'closed';
    this.output = [];
    this.host.closed(this);
  }
}

const FRAME_LENGTH_BYTES = 4;

/** A writer with room for the length in front, which is known at the end only. */
function startFrame(): ByteWriter {
  const writer = new ByteWriter(INITIAL_REPLY_BYTES);
  writer.int32(0);
  return writer;
}
