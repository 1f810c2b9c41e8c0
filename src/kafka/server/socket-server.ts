import type { Env } from '../../env/env.ts';
import type { Connection, Listener } from '../../env/net.ts';
import type { Timer } from '../../env/timers.ts';
import type { ConnectionInfo } from '../api/handler.ts';
import { ClientConnection } from './client-connection.ts';
import type { Endpoint } from './config/listeners.ts';
import { type ConnectionLimits, ConnectionQuotas } from './connection-quotas.ts';
import type { RequestDispatcher } from './request-dispatcher.ts';

export interface SocketServerOptions {
  /** `socket.request.max.bytes` */
  readonly requestMaxBytes: number;
  /** `socket.listen.backlog.size` */
  readonly backlog: number;
  /** `connections.max.idle.ms`; negative never. */
  readonly connectionsMaxIdleMs: number;
}

export interface BoundListener extends Endpoint {
  /** The port in fact bound. */
  readonly port: number;
}

interface OpenListener {
  readonly listener: Listener;
  readonly bound: BoundListener;
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
  private readonly quotas: ConnectionQuotas;
  /** By the name of the listener. */
  private readonly listeners = new Map<string, OpenListener>();
  private readonly connections = new Set<ClientConnection>();
  private waiting: Waiting[] = [];
  private nextConnectionId = 0;
  private idleTimer: Timer | undefined;
  private stopped = false;

  constructor(
    env: Env,
    options: SocketServerOptions,
    limits: ConnectionLimits,
    dispatcher: RequestDispatcher,
  ) {
    this.env = env;
    this.options = options;
    this.quotas = new ConnectionQuotas(limits);
    this.dispatcher = dispatcher;
  }

  /** Binds every listener; when one fails, those bound before it are freed again. */
  async start(endpoints: readonly Endpoint[]): Promise<BoundListener[]> {
    const bound = await this.setListeners(endpoints);
    const { connectionsMaxIdleMs } = this.options;
    if (connectionsMaxIdleMs >= 0) {
      const intervalMs = Math.max(1, connectionsMaxIdleMs / IDLE_CHECKS_PER_LIMIT);
      this.idleTimer = this.env.timers.every(intervalMs, () => this.closeIdle());
    }
    return bound;
  }

  /**
   * Closes listeners whose names are gone, with their connections, and binds new ones; those that stay are left alone,
   * whatever address they are given (`DynamicListenerConfig`, 3.9). Rejects when one cannot be bound, and then has none
   * of the new ones.
   */
  async setListeners(endpoints: readonly Endpoint[]): Promise<BoundListener[]> {
    const names = new Set(endpoints.map(({ listenerName }) => listenerName));
    const gone = [...this.listeners.keys()].filter((name) => !names.has(name));
    await Promise.all(gone.map((name) => this.closeListener(name)));
    const added: string[] = [];
    try {
      for (const endpoint of endpoints) {
        if (this.listeners.has(endpoint.listenerName)) continue;
        await this.openListener(endpoint);
        added.push(endpoint.listenerName);
      }
    } catch (error) {
      await Promise.all(added.map((name) => this.closeListener(name)));
      throw error;
    }
    return endpoints.flatMap(({ listenerName }) => this.listeners.get(listenerName)?.bound ?? []);
  }

  /** From now on. Who is connected already stays, but for those that lowered `max.connections` leave no room for. */
  setLimits(limits: ConnectionLimits): void {
    this.quotas.limits = limits;
    while (this.quotas.isExceeded && this.closeLongestIdle()) {
      // One more is gone.
    }
    this.serveWaiting();
  }

  get connectionCount(): number {
    return this.connections.size;
  }

  /** Stops listening and closes every connection. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.idleTimer?.cancel();
    await Promise.all([...this.listeners.keys()].map((name) => this.closeListener(name)));
  }

  private async openListener(address: Endpoint): Promise<void> {
    const listener = await this.env.net.listen(
      {
        port: address.port,
        backlog: this.options.backlog,
        ...(address.host === '' ? {} : { host: address.host }),
      },
      (connection) => this.accept(connection, address),
    );
    this.listeners.set(address.listenerName, { listener, bound: { ...address, port: listener.port } });
    // Stopped in the meantime.
    if (this.stopped) await this.closeListener(address.listenerName);
  }

  private async closeListener(name: string): Promise<void> {
    const open = this.listeners.get(name);
    this.listeners.delete(name);
    const closing = open?.listener.close();
    const isOfListener = ({ address }: Waiting) => address.listenerName === name;
    for (const { connection } of this.waiting.filter(isOfListener)) {
      this.quotas.dismiss(connection.remoteHost);
      connection.destroy();
    }
    this.waiting = this.waiting.filter((each) => !isOfListener(each));
    for (const client of [...this.connections]) if (client.info.listenerName === name) client.destroy();
    await closing;
  }

  private accept(connection: Connection, address: Endpoint): void {
    const host = connection.remoteHost;
    if (this.stopped || !this.quotas.admit(host)) {
      if (!this.stopped) {
        const limit = this.quotas.limitOf(host);
        this.env.log.info('refused a connection: too many from its address', { host, limit });
      }
      connection.destroy();
      return;
    }
    if (!this.quotas.hasSlot(address.listenerName)) this.waiting.push({ connection, address });
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
    this.quotas.served(address.listenerName);
    if (this.quotas.isExceeded) this.closeLongestIdle();
    client.start();
  }

  private closed(client: ClientConnection): void {
    this.connections.delete(client);
    this.quotas.closed(client.info.listenerName);
    this.quotas.dismiss(client.info.clientHost);
    this.serveWaiting();
  }

  private serveWaiting(): void {
    while (!this.stopped) {
      const index = this.waiting.findIndex(({ address }) => this.quotas.hasSlot(address.listenerName));
      const [next] = index < 0 ? [] : this.waiting.splice(index, 1);
      if (next === undefined) return;
      this.serve(next.connection, next.address);
    }
  }

  /** Makes room for a protected connection; false when there are no others. */
  private closeLongestIdle(): boolean {
    const nowMs = this.env.clock.monotonicMs();
    let longest: ClientConnection | undefined;
    for (const client of this.connections) {
      if (client.info.listenerName === this.quotas.limits.protectedListener) continue;
      if (longest === undefined || client.idleMs(nowMs) > longest.idleMs(nowMs)) longest = client;
    }
    if (longest === undefined) return false;
    this.env.log.info('closing a connection: there are too many', { client: longest.info.clientHost });
    longest.destroy();
    return true;
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
