import { FileSystemError } from '../memory/file-system-error.ts';
import type { Connection, ConnectOptions, Listener, Net } from '../net.ts';
import type { Timer } from '../timers.ts';
import { SimConnection } from './sim-connection.ts';
import type { SimHost } from './sim-host.ts';
import type { SimNetwork } from './sim-network.ts';
import type { SimProcess } from './sim-process.ts';

const DEFAULT_CONNECT_TIMEOUT_MS = 60_000;
/** How long a connection attempt waits before it knocks again. */
const KNOCK_INTERVAL_MS = 1000;
const LOOPBACK_ADDRESS = '127.0.0.1';

/** A socket in listening state. */
export interface SimListener extends Listener {
  readonly process: SimProcess;
  /** Called with the server's end of every new connection. */
  accept(connection: Connection): void;
}

/** The network as one process sees it. */
export class SimNet implements Net {
  private readonly network: SimNetwork;
  private readonly process: SimProcess;

  constructor(network: SimNetwork, process: SimProcess) {
    this.network = network;
    this.process = process;
  }

  async listen(
    options: { host?: string; port: number; backlog?: number },
    accept: (connection: Connection) => void,
  ): Promise<Listener> {
    this.process.check();
    const owner = this.process.host;
    const host = this.bindAddress(options.host);
    const port = options.port === 0 ? owner.freePort() : options.port;
    const taken = owner.listeners.some(
      (other) =>
        other.port === port && (other.host === host || other.host === '0.0.0.0' || host === '0.0.0.0'),
    );
    if (taken) throw new FileSystemError('EADDRINUSE', `cannot listen on ${options.host ?? '*'}:${port}`);
    const listener: SimListener = {
      host,
      port,
      process: this.process,
      accept,
      close: async () => {
        const index = owner.listeners.indexOf(listener);
        if (index >= 0) owner.listeners.splice(index, 1);
      },
    };
    owner.listeners.push(listener);
    return listener;
  }

  connect(options: ConnectOptions): Promise<Connection> {
    this.process.check();
    return new Promise((resolve, reject) => {
      const attempt = new ConnectAttempt(this.network, this.process, options, { resolve, reject });
      attempt.begin();
    });
  }

  async resolve(host: string): Promise<string[]> {
    this.process.check();
    if (isLoopback(host)) return [LOOPBACK_ADDRESS];
    const found = this.network.findHost(host);
    if (found === undefined) throw new FileSystemError('ENOTFOUND', `no host named ${host}`);
    return [found.address];
  }

  hostname(): string {
    return this.process.host.name;
  }

  private bindAddress(host: string | undefined): string {
    if (host === undefined || host === '0.0.0.0' || host === '::' || host === '') return '0.0.0.0';
    if (isLoopback(host)) return LOOPBACK_ADDRESS;
    if (this.network.findHost(host) === this.process.host) return this.process.host.address;
    throw new FileSystemError('EADDRNOTAVAIL', `${host} is no address of ${this.process.host.name}`);
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** One call of `connect`: knocks until the other side answers or time is up. */
class ConnectAttempt {
  private readonly network: SimNetwork;
  private readonly process: SimProcess;
  private readonly options: ConnectOptions;
  private readonly promise: { resolve(connection: Connection): void; reject(error: Error): void };
  private timeout: Timer | undefined;
  private over = false;
  private accepted = false;

  constructor(
    network: SimNetwork,
    process: SimProcess,
    options: ConnectOptions,
    promise: { resolve(connection: Connection): void; reject(error: Error): void },
  ) {
    this.network = network;
    this.process = process;
    this.options = options;
    this.promise = promise;
  }

  begin(): void {
    const { host, port, timeoutMs = DEFAULT_CONNECT_TIMEOUT_MS } = this.options;
    const target = isLoopback(host) ? this.process.host : this.network.findHost(host);
    const label = `connect ${host}:${port}`;
    if (target === undefined) {
      this.process.after(0, label, () => this.fail('ENOTFOUND'));
      return;
    }
    this.timeout = this.process.after(timeoutMs, `${label} timeout`, () => this.fail('ETIMEDOUT'));
    this.knock(target);
  }

  private knock(target: SimHost): void {
    if (this.over || this.accepted) return;
    const [from, to] = [this.process.host.name, target.name];
    this.process.after(this.network.delayMs(from, to), `knock ${to}:${this.options.port}`, () => {
      if (this.over || this.accepted) return;
      if (this.network.link(from, to).blocked || !target.isUp) {
        this.process.after(KNOCK_INTERVAL_MS, `knock again ${to}`, () => this.knock(target));
        return;
      }
      const listener = target.listeners.find(
        (each) => each.port === this.options.port && this.reaches(target, each),
      );
      if (listener === undefined) this.answerRefused(target);
      else this.open(target, listener);
    });
  }

  private reaches(target: SimHost, listener: SimListener): boolean {
    const wanted = isLoopback(this.options.host) ? LOOPBACK_ADDRESS : target.address;
    return listener.host === '0.0.0.0' || listener.host === wanted;
  }

  private answerRefused(target: SimHost): void {
    const [from, to] = [target.name, this.process.host.name];
    this.process.after(this.network.delayMs(from, to), 'refused', () => {
      if (this.network.link(from, to).blocked) this.knock(target);
      else this.fail('ECONNREFUSED');
    });
  }

  private open(target: SimHost, listener: SimListener): void {
    this.accepted = true;
    const near = isLoopback(this.options.host) ? LOOPBACK_ADDRESS : this.process.host.address;
    const far = isLoopback(this.options.host) ? LOOPBACK_ADDRESS : target.address;
    const ends = { localPort: this.process.host.freePort(), remotePort: listener.port };
    const client = new OpeningConnection(this.network, this.process, {
      ...ends,
      localHost: near,
      remoteHost: far,
    });
    client.opened = () => {
      if (this.over) client.destroy();
      else this.succeed(client);
    };
    client.failed = (code) => this.fail(code);
    const server = new SimConnection(this.network, listener.process, {
      localHost: far,
      localPort: listener.port,
      remoteHost: near,
      remotePort: ends.localPort,
    });
    this.network.connect(client, server);
    server.answerOpen();
    listener.accept(server);
  }

  private succeed(connection: Connection): void {
    this.over = true;
    this.timeout?.cancel();
    this.promise.resolve(connection);
  }

  private fail(code: string): void {
    if (this.over) return;
    this.over = true;
    this.timeout?.cancel();
    const { host, port } = this.options;
    this.promise.reject(new FileSystemError(code, `cannot connect to ${host}:${port}`));
  }
}

/** The client's end, which its owner gets when the server's answer is there. */
class OpeningConnection extends SimConnection {
  opened: () => void = () => undefined;
  failed: (code: string) => void = () => undefined;

  override receive(packet: Parameters<SimConnection['receive']>[0]): void {
    if (packet.kind === 'open') {
      if (!this.isClosed) this.opened();
      return;
    }
    if (packet.kind === 'reset') this.failed(packet.code);
    super.receive(packet);
  }
}
