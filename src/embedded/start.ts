import { resolve } from 'node:path';
import type { Env } from '../env/env.ts';
import { MemoryDisk } from '../env/memory/memory-disk.ts';
import { createNodeEnv } from '../env/node/create-node-env.ts';
import { type Broker, startBroker } from '../kafka/server/broker.ts';
import { loadBrokerConfig } from '../kafka/server/config/broker-config.ts';
import { type RunningZooKeeperServer, startZooKeeperServer } from '../zookeeper/server/start.ts';

export interface StartOptions {
  /** Our own server on a port (0: any free one; default 2181), or the connect string of one that runs elsewhere. */
  zookeeper?: { port?: number } | { connect: string };
  /** The broker's port (0: any free one; default 9092) and further keys of server.properties. */
  kafka?: { port?: number; config?: Readonly<Record<string, string>> };
  /** `memory` keeps nothing; otherwise the data directory. Default `./data`. */
  storage?: 'memory' | { directory: string };
  /** Interface to bind and to advertise. Default 127.0.0.1. */
  host?: string;
  /** What is logged to standard error. Default `warn`. */
  logLevel?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Called when a server has failed and cannot go on. */
  onFatal?: (reason: string) => void;
}

/** ZooKeeper and a broker that serve. */
export interface Servers extends AsyncDisposable {
  /** `host:port`, for Kafka clients. */
  readonly bootstrapServers: string;
  /** `host:port[/chroot]`, for ZooKeeper clients. */
  readonly zookeeperConnect: string;
  /** Absent when everything is in memory. */
  readonly directory: string | undefined;
  /** Stops the broker, then ZooKeeper, cleanly. */
  close(): Promise<void>;
}

/** A start that failed for a reason that the user can mend; the message names the remedy. */
export class StartError extends Error {
  override name = 'StartError';
}

/** What Apache's sample server.properties sets for one broker. */
const singleBroker = {
  'broker.id': '0',
  'offsets.topic.replication.factor': '1',
  'group.initial.rebalance.delay.ms': '0',
};

/** Starts both servers; resolves when clients can use them. Rejects with {@link StartError} or a server's own error. */
export async function start(options: StartOptions = {}): Promise<Servers> {
  const inMemory = options.storage === 'memory';
  const directory =
    options.storage === 'memory' ? '/streamkeeper' : resolve(options.storage?.directory ?? 'data');
  const real = createNodeEnv({ logLevel: options.logLevel ?? 'warn' });
  const env: Env = inMemory ? { ...real, disk: new MemoryDisk(real.clock) } : real;
  const host = options.host ?? '127.0.0.1';
  makeDirectory(env, directory);
  const outside = options.zookeeper !== undefined && 'connect' in options.zookeeper;
  const zookeeper = outside ? undefined : await startKeeper(env, options, directory, host);
  const zookeeperConnect =
    options.zookeeper !== undefined && 'connect' in options.zookeeper
      ? options.zookeeper.connect
      : (zookeeper?.address ?? '');
  try {
    const broker = await startKafka(env, options, { directory, host, zookeeperConnect });
    return running(broker, zookeeper, { zookeeperConnect, directory: inMemory ? undefined : directory });
  } catch (error) {
    await zookeeper?.close();
    throw error;
  }
}

function running(
  broker: Broker,
  zookeeper: RunningZooKeeperServer | undefined,
  facts: { zookeeperConnect: string; directory: string | undefined },
): Servers {
  let closing: Promise<void> | undefined;
  const closeBoth = async () => {
    try {
      await broker.close();
    } finally {
      await zookeeper?.close();
    }
  };
  const close = () => {
    closing ??= closeBoth();
    return closing;
  };
  return {
    ...facts,
    bootstrapServers: broker.bootstrapServers,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function makeDirectory(env: Env, directory: string): void {
  try {
    env.disk.makeDirectory(directory);
  } catch (error) {
    throw new StartError(
      `${directory} cannot be written (${codeOf(error)}): choose another with --data, or change its rights`,
    );
  }
}

async function startKeeper(
  env: Env,
  options: StartOptions,
  directory: string,
  host: string,
): Promise<RunningZooKeeperServer> {
  const given = options.zookeeper;
  const port = given !== undefined && 'port' in given ? (given.port ?? 2181) : 2181;
  const settings = {
    dataDir: `${directory}/zookeeper`,
    clientPort: port,
    clientPortAddress: host,
    fourLetterWhitelist: ['ruok', 'srvr', 'stat', 'mntr', 'conf', 'isro', 'envi'],
    extendedTypesEnabled: true,
  };
  const server = await startZooKeeperServer(env, settings).catch((error: unknown) => {
    throw portTaken(error, port, host, '--zookeeper-port');
  });
  void server.failure.then((reason) => options.onFatal?.(`ZooKeeper: ${String(reason)}`));
  return server;
}

async function startKafka(
  env: Env,
  options: StartOptions,
  place: { directory: string; host: string; zookeeperConnect: string },
): Promise<Broker> {
  const port = options.kafka?.port ?? 9092;
  const properties = {
    ...singleBroker,
    listeners: `PLAINTEXT://${place.host}:${port}`,
    'log.dirs': `${place.directory}/kafka`,
    'zookeeper.connect': place.zookeeperConnect,
    ...options.kafka?.config,
  };
  const given = Object.entries(properties).map(([key, value]) => ({ key, value, where: 'the options' }));
  const { config, warnings } = loadBrokerConfig(given);
  for (const warning of warnings) env.log.warn(warning);
  const fatal = options.onFatal;
  return startBroker(env, config, fatal === undefined ? {} : { onFatal: fatal }).catch((error: unknown) => {
    throw portTaken(error, port, place.host, '--kafka-port');
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

/** The network's error about a port as one that names the remedy; any other as it is. */
function portTaken(error: unknown, port: number, host: string, option: string): unknown {
  if (codeOf(error) !== 'EADDRINUSE') return error;
  return new StartError(
    `port ${port} on ${host} is taken: stop the program there, or choose another with ${option}`,
  );
}
