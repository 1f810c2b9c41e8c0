import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Workspace } from '../workspace.ts';
import { Daemon } from './process.ts';
import type { Toolbox } from './toolbox.ts';

/** A running ZooKeeper and a running broker, wherever they come from. */
export interface Target {
  readonly name: string;
  readonly bootstrap: string;
  readonly zookeeper: string;
  /** The servers' processes. */
  readonly pids: readonly number[];
  /** Ends the servers; `SIGKILL` for a crash. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Ports that were free a moment ago, for servers that cannot tell which one they took. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export interface OursOptions {
  data: string;
  zookeeperPort?: number;
  kafkaPort?: number;
  overrides?: Record<string, string>;
}

/** Our ZooKeeper and broker in one process, as `npm start` runs them. */
export async function startOurs(toolbox: Toolbox, options: OursOptions): Promise<Target> {
  mkdirSync(options.data, { recursive: true });
  const overrides = { 'group.initial.rebalance.delay.ms': '0', ...options.overrides };
  const daemon = new Daemon(
    process.execPath,
    [
      join(toolbox.root, 'bin/streamkeeper'),
      'start',
      ...['--data', options.data, '--zookeeper-port', `${options.zookeeperPort ?? 0}`],
      ...['--kafka-port', `${options.kafkaPort ?? 0}`],
      ...Object.entries(overrides).flatMap(([key, value]) => ['--override', `${key}=${value}`]),
    ],
    { logFile: join(options.data, '../streamkeeper.log') },
  );
  try {
    await daemon.shows(/^Ready in /m, 60_000);
    const [, zookeeper = ''] = await daemon.shows(/^ZooKeeper\s+(\S+)/m, 1000);
    const [, bootstrap = ''] = await daemon.shows(/^Kafka\s+(\S+)/m, 1000);
    return {
      name: 'streamkeeper',
      bootstrap,
      zookeeper,
      pids: [daemon.pid],
      stop: (signal) => daemon.stop(signal),
    };
  } catch (error) {
    await daemon.stop('SIGKILL');
    throw error;
  }
}

export interface ZooKeeperOptions {
  dataDir: string;
  port: number;
  config?: Record<string, string>;
  workspace: Workspace;
  /** Of an ensemble: started once its process is up, for it serves only with others. */
  isMember?: boolean;
  /** The zoo.cfg is there already, as the server has left it. */
  isConfigured?: boolean;
}

/** A zoo.cfg that both implementations read. */
function zooCfg(options: ZooKeeperOptions): string {
  const name = `zoo-${options.port}.cfg`;
  if (options.isConfigured === true) return join(options.workspace.path, name);
  const settings = {
    tickTime: '2000',
    dataDir: options.dataDir,
    clientPort: `${options.port}`,
    clientPortAddress: '127.0.0.1',
    '4lw.commands.whitelist': '*',
    'admin.enableServer': 'false',
    ...options.config,
  };
  const text = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  return options.workspace.file(name, text.join('\n'));
}

/** Waits for a daemon to say that it serves; ends it when it does not. */
async function ready(daemon: Daemon, sign: RegExp): Promise<Daemon> {
  try {
    await daemon.shows(sign, 180_000);
  } catch (error) {
    await daemon.stop('SIGKILL');
    throw error;
  }
  return daemon;
}

/** Our ZooKeeper alone, by the command that people know. */
export async function startOurZooKeeper(toolbox: Toolbox, options: ZooKeeperOptions): Promise<Daemon> {
  const args = [join(toolbox.root, 'bin/zkServer.sh'), 'start-foreground', zooCfg(options)];
  const logFile = join(options.workspace.path, `zookeeper-${options.port}.log`);
  return ready(new Daemon(process.execPath, args, { logFile }), /^Ready in /m);
}

/** Our broker alone, by the command that people know. */
export async function startOurBroker(toolbox: Toolbox, options: BrokerOptions): Promise<Daemon> {
  const args = [join(toolbox.root, 'bin/kafka-server-start.sh'), serverProperties(options)];
  const logFile = join(options.workspace.path, `kafka-${options.port}.log`);
  return ready(new Daemon(process.execPath, args, { logFile }), /^Ready in /m);
}

/** Apache ZooKeeper alone. */
export async function startApacheZooKeeper(toolbox: Toolbox, options: ZooKeeperOptions): Promise<Daemon> {
  const file = zooCfg(options);
  const daemon = javaDaemon(toolbox, await toolbox.apache(), {
    flags: ['-Xmx512m', '-Dzookeeper.extendedTypesEnabled=true'],
    mainClass: 'org.apache.zookeeper.server.quorum.QuorumPeerMain',
    args: [file],
    logFile: join(options.workspace.path, `apache-zookeeper-${options.port}.log`),
  });
  // A server alone says this last; connections that come before it runs are closed.
  return ready(daemon, options.isMember === true ? /LOOKING/ : /ZooKeeper audit is/);
}

interface BrokerOptions {
  /** One directory, or several with commas between them. */
  logDir: string;
  port: number;
  zookeeper: string;
  config?: Record<string, string>;
  workspace: Workspace;
}

/** A server.properties that both implementations read. */
function serverProperties(options: BrokerOptions): string {
  const settings = {
    'broker.id': '0',
    listeners: `PLAINTEXT://127.0.0.1:${options.port}`,
    'log.dirs': options.logDir,
    'zookeeper.connect': options.zookeeper,
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    ...options.config,
  };
  const text = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  return options.workspace.file(`server-${options.port}.properties`, text.join('\n'));
}

/** An Apache broker alone, on any ZooKeeper. */
export async function startApacheBroker(toolbox: Toolbox, options: BrokerOptions): Promise<Daemon> {
  const file = serverProperties(options);
  const daemon = javaDaemon(toolbox, await toolbox.apache(), {
    flags: ['-Xmx1g'],
    mainClass: 'kafka.Kafka',
    args: [file],
    logFile: join(options.workspace.path, `apache-kafka-${options.port}.log`),
  });
  return ready(daemon, /\[KafkaServer id=\d+\] started/);
}

/** A Java server that logs to its file. */
export function javaDaemon(
  toolbox: Toolbox,
  classPath: string,
  options: { flags: string[]; mainClass: string; args: string[]; logFile: string },
): Daemon {
  const log4j = `-Dlog4j.configuration=file:${join(toolbox.sources, 'java/server-log4j.properties')}`;
  const args = [...options.flags, log4j, '-cp', classPath, options.mainClass, ...options.args];
  return new Daemon('java', args, { logFile: options.logFile });
}

/** Apache's ZooKeeper and broker: shows that a scenario asks for nothing that the reference does not do. */
export async function startApache(
  toolbox: Toolbox,
  workspace: Workspace,
  overrides: Record<string, string> = {},
): Promise<Target> {
  const [zookeeperPort = 0, kafkaPort = 0] = await freePorts(2);
  const dataDir = workspace.dir(`apache-zookeeper-${zookeeperPort}`);
  const zookeeper = await startApacheZooKeeper(toolbox, { dataDir, port: zookeeperPort, workspace });
  const connect = `127.0.0.1:${zookeeperPort}`;
  try {
    const logDir = workspace.dir(`apache-kafka-${kafkaPort}`);
    const broker = await startApacheBroker(toolbox, {
      logDir,
      port: kafkaPort,
      zookeeper: connect,
      config: overrides,
      workspace,
    });
    return {
      name: 'apache',
      bootstrap: `127.0.0.1:${kafkaPort}`,
      zookeeper: connect,
      pids: [broker.pid, zookeeper.pid],
      stop: async (signal) => {
        await broker.stop(signal);
        await zookeeper.stop(signal);
      },
    };
  } catch (error) {
    await zookeeper.stop('SIGKILL');
    throw error;
  }
}
