import { KafkaError } from '../kafka-error.ts';
import type { RequestObserver } from '../network/request-observer.ts';

/** What all clients of Kafka have in common. Names in brackets are those of Apache's clients. */
export interface ClusterOptions {
  /** Some brokers of the cluster, `host:port,host:port` or a list; the others are learnt from them. (`bootstrap.servers`) */
  bootstrapServers: string | readonly string[];
  /** What the brokers call this client in logs, metrics and quotas. (`client.id`) */
  clientId?: string;
  /** How long an answer may take. Default 30 s. (`request.timeout.ms`) */
  requestTimeoutMs?: number;
  /** How long connecting may take. Default 10 s. (`socket.connection.setup.timeout.ms`) */
  connectTimeoutMs?: number;
  /** How long a call is tried again after failures that pass. Default 60 s. (`default.api.timeout.ms`, `max.block.ms`) */
  apiTimeoutMs?: number;
  /** The pause before the first repetition; it doubles. Default 100 ms. (`retry.backoff.ms`) */
  retryBackoffMs?: number;
  /** The longest pause. Default 1 s. (`retry.backoff.max.ms`) */
  retryBackoffMaxMs?: number;
  /** The pause after a failure to connect to a broker; it doubles. Default 50 ms. (`reconnect.backoff.ms`) */
  reconnectBackoffMs?: number;
  /** Its longest. Default 1 s. (`reconnect.backoff.max.ms`) */
  reconnectBackoffMaxMs?: number;
  /** Metadata older than this is asked for anew. Default 5 min. (`metadata.max.age.ms`) */
  metadataMaxAgeMs?: number;
  /** Connections that were not used for so long are closed. Default 9 min. (`connections.max.idle.ms`) */
  connectionsMaxIdleMs?: number;
  /** @internal Hears of every request. */
  observer?: RequestObserver | undefined;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** {@link ClusterOptions} with the defaults filled in. */
export interface ClusterSettings extends Required<Omit<ClusterOptions, 'bootstrapServers' | 'observer'>> {
  readonly bootstrap: readonly Address[];
  readonly observer?: RequestObserver | undefined;
}

/** What connections are made by. */
export type ConnectionSettings = Pick<
  ClusterSettings,
  | 'clientId'
  | 'requestTimeoutMs'
  | 'connectTimeoutMs'
  | 'reconnectBackoffMs'
  | 'reconnectBackoffMaxMs'
  | 'connectionsMaxIdleMs'
  | 'observer'
>;

export const DEFAULT_CLIENT_ID = 'streamkeeper';

/** Throws a {@link KafkaError} of code INVALID_ARGUMENT. */
export function clusterSettings(options: ClusterOptions): ClusterSettings {
  return {
    bootstrap: parseBootstrapServers(options.bootstrapServers),
    observer: options.observer,
    clientId: options.clientId ?? DEFAULT_CLIENT_ID,
    requestTimeoutMs: atLeast('requestTimeoutMs', 1, options.requestTimeoutMs ?? 30_000),
    connectTimeoutMs: atLeast('connectTimeoutMs', 1, options.connectTimeoutMs ?? 10_000),
    apiTimeoutMs: atLeast('apiTimeoutMs', 0, options.apiTimeoutMs ?? 60_000),
    retryBackoffMs: atLeast('retryBackoffMs', 0, options.retryBackoffMs ?? 100),
    retryBackoffMaxMs: atLeast('retryBackoffMaxMs', 0, options.retryBackoffMaxMs ?? 1000),
    reconnectBackoffMs: atLeast('reconnectBackoffMs', 0, options.reconnectBackoffMs ?? 50),
    reconnectBackoffMaxMs: atLeast('reconnectBackoffMaxMs', 0, options.reconnectBackoffMaxMs ?? 1000),
    metadataMaxAgeMs: atLeast('metadataMaxAgeMs', 0, options.metadataMaxAgeMs ?? 300_000),
    connectionsMaxIdleMs: atLeast('connectionsMaxIdleMs', 1, options.connectionsMaxIdleMs ?? 540_000),
  };
}

/** A number of the options, checked against its least value. Throws a {@link KafkaError} of code INVALID_ARGUMENT. */
export function atLeast(name: string, least: number, value: number): number {
  if (Number.isFinite(value) && value >= least) return value;
  throw new KafkaError('INVALID_ARGUMENT', `${name} is ${value}: give a number from ${least} on`);
}

/** `host:port`, `PLAINTEXT://host:port`, `[::1]:9092`; several with commas between them, or in a list. */
function parseBootstrapServers(servers: string | readonly string[]): Address[] {
  const entries = (typeof servers === 'string' ? servers.split(',') : servers)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  if (entries.length === 0) {
    throw new KafkaError('INVALID_ARGUMENT', 'bootstrapServers is empty: name at least one host:port');
  }
  return entries.map((entry) => {
    const match = /^(?:[A-Za-z_]+:\/\/)?(?:\[([0-9A-Fa-f:.%]+)\]|([^:[\]/]+)):(\d{1,5})$/.exec(entry);
    const host = match?.[1] ?? match?.[2];
    const port = Number(match?.[3]);
    if (host === undefined || port < 1 || port > 65_535) {
      throw new KafkaError('INVALID_ARGUMENT', `bootstrapServers has ${entry}: write host:port`);
    }
    return { host, port };
  });
}
