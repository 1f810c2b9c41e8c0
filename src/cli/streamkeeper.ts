import { Command, InvalidArgumentError } from 'commander';
import { type Servers, type StartOptions, start } from '../embedded/index.ts';
import { createNodeEnv } from '../env/node/create-node-env.ts';
import { closeOnSignal, tuneCollectorForServer } from '../env/node/processes.ts';
import { runCommand } from './failure.ts';
import { collectOverride, parsePort } from './overrides.ts';

interface StartFlags {
  zookeeperPort: number;
  kafkaPort: number;
  host: string;
  data: string;
  memory?: boolean;
  zookeeperConnect?: string;
  override?: Record<string, string>;
  logLevel: NonNullable<StartOptions['logLevel']>;
}

function orUsage<T>(parse: (text: string, before?: T) => T) {
  return (text: string, before?: T): T => {
    try {
      return parse(text, before);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  };
}

async function startServers(flags: StartFlags): Promise<void> {
  tuneCollectorForServer();
  const { clock } = createNodeEnv({ logLevel: 'silent' });
  const servers: Servers = await start({
    zookeeper:
      flags.zookeeperConnect === undefined
        ? { port: flags.zookeeperPort }
        : { connect: flags.zookeeperConnect },
    kafka: { port: flags.kafkaPort, config: flags.override ?? {} },
    storage: flags.memory === true ? 'memory' : { directory: flags.data },
    host: flags.host,
    logLevel: flags.logLevel,
    onFatal: (reason) => {
      console.error(reason);
      process.exit(1);
    },
  });
  closeOnSignal(
    () => servers.close(),
    (error) => console.error(error),
  );
  console.log(`ZooKeeper  ${servers.zookeeperConnect}`);
  console.log(`Kafka      ${servers.bootstrapServers}`);
  console.log(`Data       ${servers.directory ?? 'in memory'}`);
  console.log(`Ready in ${(clock.monotonicMs() / 1000).toFixed(2)} s`);
}

await runCommand(async () => {
  const program = new Command('streamkeeper').description('Apache ZooKeeper and Kafka without a JVM');
  program
    .command('start', { isDefault: true })
    .description('run ZooKeeper and a broker in one process')
    .option('--zookeeper-port <port>', 'port of ZooKeeper; 0 takes a free one', orUsage(parsePort), 2181)
    .option('--kafka-port <port>', 'port of the broker; 0 takes a free one', orUsage(parsePort), 9092)
    .option('--host <address>', 'interface to bind and advertise', '127.0.0.1')
    .option('--data <directory>', 'data directory', './data')
    .option('--memory', 'keep everything in memory')
    .option('--zookeeper-connect <host:port>', 'use a ZooKeeper that runs elsewhere')
    .option('--override <key=value>', 'a key of server.properties', orUsage(collectOverride))
    .option('--log-level <level>', 'trace, debug, info, warn, error or silent', 'warn')
    .action(startServers);
  await program.parseAsync();
  return 0;
});
