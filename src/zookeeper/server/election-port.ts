import { MalformedError } from '../../base/malformed-error.ts';
import type { Env } from '../../env/env.ts';
import type { Connection } from '../../env/net.ts';
import type { Timer } from '../../env/timers.ts';
import {
  decodeNotification,
  ElectionProtocol,
  encodeInitialMessage,
  encodeNotification,
} from '../../wire/zookeeper/election.ts';
import { formatHostAndPort, MAX_SERVER_ID, splitHost } from '../election/peer-spec.ts';
import { type Notification, PEER_STATES } from '../election/vote.ts';
import { connectFirst } from './connect-first.ts';
import { ElectionLink } from './election-link.ts';
import { type BindAddress, ElectionListener, type IdentifiedConnection } from './election-listener.ts';

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

export interface ElectionPortOptions {
  readonly env: Pick<Env, 'net' | 'timers' | 'log'>;
  readonly serverId: number;
  readonly listenOn: readonly BindAddress[];
  /** The own election addresses that the other servers are told; only the first without `multiAddressEnabled`. */
  readonly announced: readonly HostAndPort[];
  /** Where a server is to be reached, in the order of preference; empty for one that is not known. */
  readonly addressesOf: (serverId: number) => readonly HostAndPort[];
  /** A notification has come. `from` is negative for an observer that has no id. */
  readonly received: (from: number, notification: Notification) => void;
  readonly multiAddressEnabled?: boolean;
  /** cnxTimeout */
  readonly connectTimeoutMs?: number;
  /** Apache waits tickTime * syncLimit for the first message of a connection. */
  readonly identifyTimeoutMs?: number;
  /** electionPortBindRetry; 0 for any number. */
  readonly bindAttempts?: number;
}

/** What was last meant for a server. */
interface Message {
  readonly frame: Buffer;
  /** From a server that looks for a leader, and wants to hear of it. */
  readonly isQuestion: boolean;
}

const CONNECT_TIMEOUT_MS = 5000;
const BIND_ATTEMPTS = 3;
const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 5000;

/**
 * Carries votes between servers, one connection for each pair of them (QuorumCnxManager). The server with the
 * larger id connects; one with a smaller id that wants to talk connects only to be called back:
 *
 *     none    --send, to a smaller id--> dialing --connected--> linked
 *     none    --send, to a larger id--> dialing --connected--> introduced (says its id, hangs up) --called--> linked
 *     none    --call from a larger id--> linked
 *     any     --call from a smaller id--> dialing: that server may have restarted, its old connection is dropped
 *     dialing, introduced --failed, not called back--> waits, twice as long each time --> dialing
 *     linked  --connection lost--> none, or dialing when something waits to be sent or was a question
 *     linked  --call from a larger id--> linked by the new connection
 *
 * For each server the last message alone is kept until it can be sent, for votes replace each other. A new
 * connection begins with it, even when it has been sent before: nobody knows whether it had arrived.
 */
export class ElectionPort {
  private readonly options: ElectionPortOptions;
  private readonly listener: ElectionListener;
  private readonly links = new Map<number, ElectionLink>();
  private readonly dialing = new Set<number>();
  /** Where servers have called from last. */
  private readonly callers = new Map<number, string>();
  private readonly waiting = new Map<number, Message>();
  private readonly sent = new Map<number, Message>();
  private readonly retries = new Map<number, { delayMs: number; timer: Timer }>();
  private nextObserverId = -1;
  private isClosed = false;

  constructor(options: ElectionPortOptions) {
    this.options = options;
    this.listener = new ElectionListener({
      env: options.env,
      addresses: options.listenOn,
      bindAttempts: options.bindAttempts ?? BIND_ATTEMPTS,
      identifyTimeoutMs: options.identifyTimeoutMs ?? CONNECT_TIMEOUT_MS,
      identified: (incoming) => this.identified(incoming),
    });
  }

  /** The ports in fact bound. */
  get ports(): number[] {
    return this.listener.ports;
  }

  /** Rejects with the network's error when an address cannot be bound. */
  start(): Promise<void> {
    return this.listener.start();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const { timer } of this.retries.values()) timer.cancel();
    this.retries.clear();
    for (const link of this.links.values()) link.destroy();
    this.links.clear();
    await this.listener.close();
  }

  /** Servers that there is a connection to. */
  get connected(): number[] {
    return [...this.links.keys()];
  }

  /** Sends, or keeps until the server can be reached; replaces what was kept for it. */
  send(to: number, notification: Notification): void {
    if (this.isClosed) return;
    const state = PEER_STATES.indexOf(notification.state);
    const frame = encodeNotification({ ...notification, state, config: notification.config ?? '' });
    this.waiting.set(to, { frame, isQuestion: notification.state === 'LOOKING' });
    this.flush(to);
  }

  /** Whether some server has taken all that was meant for it (haveDelivered). */
  hasDelivered(): boolean {
    return [...this.sent.keys()].some((id) => !this.waiting.has(id));
  }

  /** Tries at once to reach every server that something waits for. */
  connectAll(): void {
    for (const id of this.waiting.keys()) this.connectTo(id);
  }

  /** Connects to a server unless there is a connection or an attempt already. */
  connectTo(id: number): void {
    if (this.isClosed || this.links.has(id) || this.dialing.has(id)) return;
    this.dial(id, this.options.addressesOf(id));
  }

  private flush(id: number): void {
    const message = this.waiting.get(id);
    if (message === undefined) return;
    const link = this.links.get(id);
    if (link === undefined) {
      this.connectTo(id);
    } else if (link.isWritable) {
      this.waiting.delete(id);
      this.sent.set(id, message);
      link.send(message.frame);
    }
  }

  private dial(id: number, addresses: readonly HostAndPort[]): void {
    if (addresses.length === 0) {
      this.forget(id);
      return;
    }
    this.dialing.add(id);
    void this.connect(id, addresses).then((connection) => {
      this.dialing.delete(id);
      if (connection === undefined) this.retryLater(id);
      else if (this.isClosed || this.links.has(id)) connection.destroy();
      else this.introduce(id, connection);
    });
  }

  /** Undefined when none of the addresses answers. */
  private async connect(id: number, addresses: readonly HostAndPort[]): Promise<Connection | undefined> {
    const { env, connectTimeoutMs = CONNECT_TIMEOUT_MS } = this.options;
    try {
      return await connectFirst(env.net, addresses, connectTimeoutMs);
    } catch (error) {
      env.log.debug('cannot reach the election port of a server', { id, error: String(error) });
      return undefined;
    }
  }

  private introduce(id: number, connection: Connection): void {
    const { announced, multiAddressEnabled = false, serverId } = this.options;
    const protocol = multiAddressEnabled ? ElectionProtocol.V2 : ElectionProtocol.V1;
    const addresses = (multiAddressEnabled ? announced : announced.slice(0, 1)).map(formatHostAndPort);
    const hello = encodeInitialMessage({ protocol, serverId, addresses: addresses.join('|') });
    if (id < serverId) {
      const link = this.makeLink(id, connection);
      connection.start(link);
      connection.write([hello]);
      this.adopt(id, link);
    } else {
      connection.start({ data: () => undefined, close: () => undefined });
      connection.write([hello]);
      connection.end();
      this.retryLater(id);
    }
  }

  private identified(incoming: IdentifiedConnection): void {
    const { connection, message } = incoming;
    const { serverId, env } = this.options;
    const { remoteHost, remotePort } = connection;
    const addresses = parseAddresses(message.addresses);
    const id = message.serverId ?? this.nextObserverId--;
    if (id > MAX_SERVER_ID || (message.serverId !== undefined && id < 0)) {
      throw new MalformedError(`${id} is no server id: give each server a myid from 0 to ${MAX_SERVER_ID}`);
    }
    if (id === serverId) {
      env.log.error('another server has the id of this one: give each server a myid of its own', {
        id,
        remoteHost,
        remotePort,
      });
      connection.destroy();
      return;
    }
    this.noteCaller(id, remoteHost);
    if (message.serverId === undefined || id > serverId) {
      const link = this.makeLink(id, connection);
      this.adopt(id, link);
      incoming.passTo(link);
    } else {
      this.links.get(id)?.destroy();
      this.links.delete(id);
      connection.destroy();
      if (!this.dialing.has(id)) {
        this.dial(id, addresses.length > 0 ? addresses : this.options.addressesOf(id));
      }
    }
  }

  /** Two servers with one id are never seen both at once, but by turns. */
  private noteCaller(id: number, remoteHost: string): void {
    const before = this.callers.get(id);
    if (id >= 0) this.callers.set(id, remoteHost);
    if (before === undefined || before === remoteHost || !this.links.has(id)) return;
    this.options.env.log.warn(
      'a server calls from another address while it is connected: has another server the same myid?',
      {
        id,
        remoteHost,
        before,
      },
    );
  }

  private makeLink(id: number, connection: Connection): ElectionLink {
    const { remoteHost, remotePort } = connection;
    const link: ElectionLink = new ElectionLink(connection, {
      frame: (frame) => this.receive(id, frame),
      writable: () => this.flush(id),
      closed: (reason) => {
        if (reason !== undefined) {
          this.options.env.log.warn('an election connection broke', { id, remoteHost, remotePort, reason });
        }
        if (this.links.get(id) === link) this.lost(id);
      },
    });
    return link;
  }

  private adopt(id: number, link: ElectionLink): void {
    this.links.get(id)?.destroy();
    this.links.set(id, link);
    this.retries.get(id)?.timer.cancel();
    this.retries.delete(id);
    const message = this.waiting.get(id) ?? this.sent.get(id);
    if (message === undefined) return;
    this.waiting.set(id, message);
    this.flush(id);
  }

  private lost(id: number): void {
    this.links.delete(id);
    if (id < 0) {
      this.forget(id);
      return;
    }
    // A question may have got lost with the connection, or its answer.
    const last = this.sent.get(id);
    if (last?.isQuestion === true && !this.waiting.has(id)) this.waiting.set(id, last);
    this.retryLater(id);
  }

  /** For a server that cannot be reached: an observer without an id, or one that is no member any more. */
  private forget(id: number): void {
    this.waiting.delete(id);
    this.sent.delete(id);
    this.retries.get(id)?.timer.cancel();
    this.retries.delete(id);
  }

  private retryLater(id: number): void {
    if (this.isClosed || this.links.has(id) || !this.waiting.has(id)) return;
    const earlier = this.retries.get(id);
    earlier?.timer.cancel();
    const delayMs = Math.min((earlier?.delayMs ?? FIRST_RETRY_MS / 2) * 2, LONGEST_RETRY_MS);
    const timer = this.options.env.timers.after(delayMs, () => this.connectTo(id));
    this.retries.set(id, { delayMs, timer });
  }

  private receive(from: number, frame: Buffer): void {
    const notification = this.decode(from, frame);
    if (notification !== undefined) this.options.received(from, notification);
  }

  /** A notification that cannot be read is passed over, as in Apache: its frame was in order. */
  private decode(from: number, frame: Buffer): Notification | undefined {
    try {
      const { state: code, ...vote } = decodeNotification(frame);
      const state = PEER_STATES[code];
      if (state === undefined) throw new MalformedError(`${code} is no state of a server`);
      return { ...vote, state };
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.options.env.log.warn('a notification cannot be read', { from, error: error.message });
      return undefined;
    }
  }
}

/** Addresses that can be dialled: those of every interface say nothing. Throws MalformedError. */
function parseAddresses(text: string | undefined): HostAndPort[] {
  if (text === undefined) return [];
  const addresses = text.split('|').map((part) => {
    const [host = '', port = '', ...more] = splitHost(part);
    if (host === '' || !/^\d{1,5}$/.test(port) || Number(port) > 65_535 || more.length > 0) {
      throw new MalformedError(`"${part}" is no election address`);
    }
    return { host, port: Number(port) };
  });
  return addresses.filter(({ host }) => !/^(0\.0\.0\.0|[0:]+)$/.test(host));
}
