import type { Env } from '../../env/env.ts';
import type { Connection, Listener } from '../../env/net.ts';
import type { Timer } from '../../env/timers.ts';
import type { ConnectionInfo } from '../api/handler.ts';
import { ClientConnection } from './client-connection.ts';
import type { Endpoint } from './config/listeners.ts';
import type { RequestDispatcher } from './request-dispatcher.ts';

export interface SocketServerOptions {
  readonly listeners: readonly Endpoint[];
  /** `socket.request.max.bytes` */
  readonly requestMaxBytes: number;
  /** `socket.listen.backlog.size` */
  readonly backlog: number;
  /** `max.connections`: further ones wait, unread, until one closes. */
  readonly maxConnections: number;
  /** `max.connections.per.ip`: further ones are closed at once. */
  readonly maxConnectionsPerIp: number;
  /** `max.connections.per.ip.overrides`, by address. */
  readonly maxConnectionsPerIpOverrides: ReadonlyMap<string, number>;
  /** `connections.max.idle.ms`; negative never. */
  readonly connectionsMaxIdleMs: number;
}

export interface BoundListener extends Endpoint {
  /** The port in fact bound. */
  readonly port: number;
}

interface Waiting {
  readonly connection: Connection;
  readonly address: Endpoint;
}

/** How often idle connections are looked for, as a part of the idle time. */
const IDLE_CHECKS_PER_LIMIT = 4;

/** Listens, accepts, limits and closes the connections of one broker. */
export class SocketServer {
  private readonly env: Env;
  private readonly options: SocketServerOptions;
  private readonly dispatcher: RequestDispatcher;
  private readonly listeners: Listener[] = [];
  private readonly connections = new Set<ClientConnection>();
  private readonly perHost = new Map<string, number>();
  private waiting: Waiting[] = [];
  private nextConnectionId = 0;
  private idleTimer: Timer | undefined;
  private stopped = false;

  constructor(env: Env, options: SocketServerOptions, dispatcher: RequestDispatcher) {
    this.env = env;
    this.options = options;
    this.dispatcher = dispatcher;
  }

  /** Binds every listener; when one fails, those bound before it are freed again. */
  async start(): Promise<BoundListener[]> {
    const bound: BoundListener[] = [];
    try {
      for (const address of this.options.listeners) {
        const listener = await this.env.net.listen(
          {
            port: address.port,
            backlog: this.options.backlog,
            ...(address.host === '' ? {} : { host: address.host }),
          },
          (connection) => this.accept(connection, address),
        );
        this.listeners.push(listener);
        bound.push({ ...address, port: listener.port });
      }
    } catch (error) {
      await this.stop();
      throw error;
    }
    const { connectionsMaxIdleMs } = this.options;
    if (connectionsMaxIdleMs >= 0) {
      const intervalMs = Math.max(1, connectionsMaxIdleMs / IDLE_CHECKS_PER_LIMIT);
      this.idleTimer = this.env.timers.every(intervalMs, () => this.closeIdle());
    }
    return bound;
  }

  get connectionCount(): number {
    return this.connections.size;
  }

  /** Stops listening and closes every connection. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.idleTimer?.cancel();
    const closing = this.listeners.map((listener) => listener.close());
    for (const { connection } of this.waiting) connection.destroy();
    this.waiting = [];
    for (const client of [...this.connections]) client.destroy();
    await Promise.all(closing);
  }

  private accept(connection: Connection, address: Endpoint): void {
    const host = connection.remoteHost;
    const open = this.perHost.get(host) ?? 0;
    const limit = this.options.maxConnectionsPerIpOverrides.get(host) ?? this.options.maxConnectionsPerIp;
    if (this.stopped || open >= limit) {
      if (!this.stopped)
        this.env.log.info('refused a connection: too many from its address', { host, limit });
      connection.destroy();
      return;
    }
    this.perHost.set(host, open + 1);
    if (this.connections.size >= this.options.maxConnections) this.waiting.push({ connection, address });
    else this.serve(connection, address);
  }

  private serve(connection: Connection, address: Endpoint): void {
    const info: ConnectionInfo = {
      id: this.nextConnectionId++,
      listenerName: address.listenerName,
      securityProtocol: address.securityProtocol,
      clientHost: connection.remoteHost,
      clientPort: connection.remotePort,
      principal: 'User:ANONYMOUS',
      clientSoftware: { name: 'unknown', version: 'unknown' },
    };
    const client = new ClientConnection({
      env: this.env,
      connection,
      info,
      dispatcher: this.dispatcher,
      maxRequestBytes: this.options.requestMaxBytes,
      onClose: () => this.closed(client),
    });
    this.connections.add(client);
    client.start();
  }

  private closed(client: ClientConnection): void {
    this.connections.delete(client);
    const host = client.info.clientHost;
    const left = (this.perHost.get(host) ?? 1) - 1;
    if (left > 0) this.perHost.set(host, left);
    else this.perHost.delete(host);
    if (this.stopped || this.connections.size >= this.options.maxConnections) return;
    const next = this.waiting.shift();
    if (next !== undefined) this.serve(next.connection, next.address);
  }

  private closeIdle(): void {
    const nowMs = this.env.clock.monotonicMs();
    for (const client of [...this.connections]) {
      const idleMs = client.idleMs(nowMs);
      if (idleMs < this.options.connectionsMaxIdleMs) continue;
      this.env.log.debug('closing an idle connection', { client: client.info.clientHost, idleMs });
      client.destroy();
    }
  }
}
