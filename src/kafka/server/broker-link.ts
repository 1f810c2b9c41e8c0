import { BrokerConnection } from '../../clients/kafka/network/broker-connection.ts';
import type { Env } from '../../env/env.ts';
import type { Draft, Infer, Message } from '../../wire/kafka/schema/index.ts';
import type { ClusterImage } from '../metadata/cluster-image.ts';
import type { Broker } from '../metadata/model.ts';
import type { BrokerConfig } from './config/broker-config.ts';

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

/** How long a connection may take: first `firstMs`, then double with each failure, up to `maxMs`. */
export interface ConnectTimeouts {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** `socket.connection.setup.timeout.ms` and its maximum. */
export function connectTimeouts(config: BrokerConfig): ConnectTimeouts {
  return {
    firstMs: config.socketConnectionSetupTimeoutMs,
    maxMs: config.socketConnectionSetupTimeoutMaxMs,
  };
}

export interface BrokerLinkOptions {
  /** What this broker calls itself. */
  readonly clientId: string;
  readonly connectTimeouts: ConnectTimeouts;
  readonly requestTimeoutMs: number;
  /** Where the other broker is now; undefined when that is not known. */
  readonly address: () => BrokerAddress | undefined;
}

/** The other broker has no address that this one could connect to. */
class NoAddressError extends Error {
  override name = 'NoAddressError';
}

/** The link was given up while it was being made. */
class LinkClosedError extends Error {
  override name = 'LinkClosedError';
}

/** Requests to another broker, one at a time, over a connection that is opened when it is needed and missing. */
export class BrokerLink {
  private readonly env: Env;
  private readonly options: BrokerLinkOptions;
  private connection: BrokerConnection | undefined;
  /** Connections that failed, since the last that came about. */
  private failures = 0;
  private closed = false;
  /** Ends the wait for connections that are being made. */
  private readonly waits = new Set<() => void>();

  constructor(env: Env, options: BrokerLinkOptions) {
    this.env = env;
    this.options = options;
  }

  /** Rejects with what went wrong on the way; the next request connects anew. */
  async request<Q extends Message, R extends Message>(
    messages: { readonly request: Q; readonly response: R },
    version: number,
    body: Draft<Q>,
  ): Promise<Infer<R>> {
    const connection = await this.connected();
    return connection.request(messages, version, body);
  }

  /** For good; what is under way rejects. */
  close(): void {
    this.closed = true;
    this.connection?.close();
    for (const giveUp of this.waits) giveUp();
  }

  private async connected(): Promise<BrokerConnection> {
    if (this.closed) throw new LinkClosedError('the link to the broker is closed');
    const address = this.options.address();
    if (address === undefined)
      throw new NoAddressError('the broker has no address on the inter-broker listener');
    const { host, port } = address;
    const open = this.connection;
    if (open?.isOpen && open.host === host && open.port === port) return open;
    open?.close();
    return this.connect(address);
  }

  private connect({ host, port }: BrokerAddress): Promise<BrokerConnection> {
    const { clientId, connectTimeouts, requestTimeoutMs } = this.options;
    const connectTimeoutMs = Math.min(connectTimeouts.firstMs * 2 ** this.failures, connectTimeouts.maxMs);
    this.failures += 1;
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(new LinkClosedError(`the link to ${host}:${port} is closed`));
      this.waits.add(giveUp);
      BrokerConnection.connect(this.env, { host, port, clientId, connectTimeoutMs, requestTimeoutMs })
        .then((connection) => {
          this.failures = 0;
          this.connection = connection;
          if (this.closed) connection.close();
          resolve(connection);
        }, reject)
        .finally(() => this.waits.delete(giveUp));
    });
  }
}

/** The address of a broker on one listener. */
export function addressOn(broker: Broker | undefined, listenerName: string): BrokerAddress | undefined {
  return broker?.endpoints.find((endpoint) => endpoint.listenerName === listenerName);
}

/** The address of the broker that an image names as the controller. */
export function controllerAddress(image: ClusterImage, listenerName: string): BrokerAddress | undefined {
  return image.controllerId === null ? undefined : addressOn(image.broker(image.controllerId), listenerName);
}
