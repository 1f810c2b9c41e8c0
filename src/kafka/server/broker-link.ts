import { BrokerConnection } from '../../clients/kafka/network/broker-connection.ts';
import type { Env } from '../../env/env.ts';
import type { Draft, Infer, Message } from '../../wire/kafka/schema/index.ts';
import type { ClusterImage } from '../metadata/cluster-image.ts';
import type { Broker } from '../metadata/model.ts';

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

export interface BrokerLinkOptions {
  /** What this broker calls itself. */
  readonly clientId: string;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Where the other broker is now; undefined when that is not known. */
  readonly address: () => BrokerAddress | undefined;
}

/** The other broker has no address that this one could connect to. */
class NoAddressError extends Error {
  override name = 'NoAddressError';
}

/** Requests to another broker, one at a time, over a connection that is opened when it is needed and missing. */
export class BrokerLink {
  private readonly env: Env;
  private readonly options: BrokerLinkOptions;
  private connection: BrokerConnection | undefined;
  private closed = false;

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
  }

  private async connected(): Promise<BrokerConnection> {
    const address = this.options.address();
    if (address === undefined)
      throw new NoAddressError('the broker has no address on the inter-broker listener');
    const { host, port } = address;
    const open = this.connection;
    if (open?.isOpen && open.host === host && open.port === port) return open;
    open?.close();
    const { clientId, connectTimeoutMs, requestTimeoutMs } = this.options;
    const connection = await BrokerConnection.connect(this.env, {
      host,
      port,
      clientId,
      connectTimeoutMs,
      requestTimeoutMs,
    });
    this.connection = connection;
    if (this.closed) connection.close();
    return connection;
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
