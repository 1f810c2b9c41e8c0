import { type Servers, type StartOptions, start } from '../../embedded/index.ts';
import { closeOnSignal, tuneCollectorForServer } from '../../env/node/processes.ts';
import { type CommonFlags, EXIT, type VerbContext } from './verb.ts';

interface StartFlags extends CommonFlags {
  readonly zookeeperPort: number;
  readonly kafkaPort: number;
  readonly host: string;
  readonly data: string;
  readonly memory?: boolean;
  readonly zookeeperConnect?: string;
  readonly override?: Record<string, string>;
  readonly logLevel: NonNullable<StartOptions['logLevel']>;
}

/** `start`: ZooKeeper and a broker in this process, until it is told to end. */
export async function startServers({ env, output, flags }: VerbContext<StartFlags>): Promise<number> {
  tuneCollectorForServer();
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
      output.error('FATAL', reason);
      process.exit(EXIT.failed);
    },
  });
  closeOnSignal(
    () => servers.close(),
    (error) => output.error('FATAL', String(error)),
  );
  const { zookeeperConnect, bootstrapServers, directory } = servers;
  const readyAfterMs = Math.round(env.clock.monotonicMs());
  output.result({ zookeeperConnect, bootstrapServers, directory: directory ?? null, readyAfterMs }, () => {
    output.line(`ZooKeeper  ${zookeeperConnect}`);
    output.line(`Kafka      ${bootstrapServers}`);
    output.line(`Data       ${directory ?? 'in memory'}`);
    output.line(`Ready in ${(readyAfterMs / 1000).toFixed(2)} s`);
  });
  return EXIT.ok;
}
