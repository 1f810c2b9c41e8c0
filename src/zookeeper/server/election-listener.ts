import { MalformedError } from '../../base/malformed-error.ts';
import type { Env } from '../../env/env.ts';
import type { Connection, ConnectionHandler, Listener } from '../../env/net.ts';
import { decodeInitialMessage, type InitialMessage } from '../../wire/zookeeper/election.ts';

/** Where to listen; `host` undefined for every interface. */
export interface BindAddress {
  readonly host: string | undefined;
  readonly port: number;
}

/** A connection whose other end has said who it is. */
export interface IdentifiedConnection {
  readonly connection: Connection;
  readonly message: InitialMessage;
  /** Hands all further events to a handler, beginning with what has already arrived. */
  passTo(handler: ConnectionHandler): void;
}

export interface ElectionListenerOptions {
  readonly env: Pick<Env, 'net' | 'timers' | 'log'>;
  readonly addresses: readonly BindAddress[];
  /** electionPortBindRetry: attempts for each address; 0 for any number. */
  readonly bindAttempts: number;
  /** Who has not said who it is until then is disconnected. */
  readonly identifyTimeoutMs: number;
  identified(incoming: IdentifiedConnection): void;
}

const BIND_PAUSE_MS = 1000;
/** Connections that may wait to be identified; the oldest one goes when there are more. */
const MAX_UNIDENTIFIED = 64;

/** The address of elections cannot be listened on. */
export class ElectionPortError extends Error {
  override name = 'ElectionPortError';

  constructor({ host, port }: BindAddress, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `cannot listen for elections on ${host ?? '*'}:${port}, the address in the line of this server: ${reason}. ` +
        'Check that the number in myid is that of this server, and that no other one is started with it',
      { cause },
    );
  }
}

/** Listens on the election port and finds out who connects (QuorumCnxManager.Listener). */
export class ElectionListener {
  private readonly options: ElectionListenerOptions;
  private readonly listeners: Listener[] = [];
  /** Oldest first. */
  private readonly unidentified = new Set<Connection>();
  private isClosed = false;

  constructor(options: ElectionListenerOptions) {
    this.options = options;
  }

  /** The ports in fact bound, in the order of the addresses. */
  get ports(): number[] {
    return this.listeners.map((listener) => listener.port);
  }

  /** Resolves once all addresses are bound; rejects with ElectionPortError when one cannot be had. */
  async start(): Promise<void> {
    try {
      for (const address of this.options.addresses) await this.bind(address);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const connection of this.unidentified) connection.destroy();
    this.unidentified.clear();
    await Promise.all(this.listeners.splice(0).map((listener) => listener.close()));
  }

  private async bind(address: BindAddress): Promise<void> {
    const { env, bindAttempts } = this.options;
    const { host, port } = address;
    for (let attempt = 1; !this.isClosed; attempt++) {
      try {
        const where = host === undefined ? { port } : { host, port };
        const listener = await env.net.listen(where, (connection) => this.accept(connection));
        this.listeners.push(listener);
        // Closed while the system was binding it.
        if (this.isClosed) await this.close();
        return;
      } catch (error) {
        env.log.error('cannot listen for elections', {
          host: host ?? '*',
          port,
          attempt,
          error: String(error),
        });
        if (attempt === bindAttempts) throw new ElectionPortError(address, error);
      }
      await new Promise<void>((resolve) => {
        env.timers.after(BIND_PAUSE_MS, resolve);
      });
    }
  }

  private accept(connection: Connection): void {
    if (this.isClosed) {
      connection.destroy();
      return;
    }
    const { env, identifyTimeoutMs } = this.options;
    this.unidentified.add(connection);
    const [oldest] = this.unidentified;
    if (this.unidentified.size > MAX_UNIDENTIFIED && oldest !== undefined) {
      this.refuse(oldest, `more than ${MAX_UNIDENTIFIED} connections have not said who they are`);
    }
    const timer = env.timers.after(identifyTimeoutMs, () => {
      this.refuse(connection, `no server id within ${identifyTimeoutMs} ms`);
    });
    let received = Buffer.alloc(0);
    let next: ConnectionHandler | undefined;
    const identify = (bytes: Buffer): void => {
      received = Buffer.concat([received, bytes]);
      const decoded = decodeInitialMessage(received);
      if (decoded === undefined) return;
      timer.cancel();
      this.unidentified.delete(connection);
      const passTo = (handler: ConnectionHandler): void => {
        next = handler;
        const rest = received.subarray(decoded.byteLength);
        if (rest.length > 0) handler.data(rest);
      };
      this.options.identified({ connection, message: decoded.message, passTo });
    };
    connection.start({
      data: (bytes) => {
        if (next !== undefined) next.data(bytes);
        else if (this.unidentified.has(connection)) this.guard(connection, () => identify(bytes));
      },
      drain: () => next?.drain?.(),
      close: (error) => {
        timer.cancel();
        this.unidentified.delete(connection);
        next?.close(error);
      },
    });
  }

  private guard(connection: Connection, action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.refuse(connection, error.message);
    }
  }

  private refuse(connection: Connection, reason: string): void {
    const { remoteHost, remotePort } = connection;
    this.options.env.log.warn('an election connection is refused', { remoteHost, remotePort, reason });
    this.unidentified.delete(connection);
    connection.destroy();
  }
}
