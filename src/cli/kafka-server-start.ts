import { resolve } from 'node:path';
import { createNodeEnv } from '../env/node/create-node-env.ts';
import {
  announceReady,
  closeOnSignal,
  keepYoungGenerationSmall,
  tuneCollectorForServer,
} from '../env/node/processes.ts';
import { startDaemon } from './daemon.ts';
import { CliError, runCommand } from './failure.ts';
import { KAFKA_VERSION } from './kafka-version.ts';
import { collectOverride } from './overrides.ts';

const usage = 'USAGE: kafka-server-start.sh [-daemon] server.properties [--override property=value]*';

function parse(args: readonly string[]): {
  daemon: boolean;
  path: string;
  overrides: Record<string, string>;
} {
  const rest = [...args];
  const daemon = rest[0] === '-daemon';
  if (daemon) rest.shift();
  const path = rest.shift();
  if (path === undefined || path.startsWith('-')) throw new CliError(usage);
  let overrides: Record<string, string> = {};
  for (let option = rest.shift(); option !== undefined; option = rest.shift()) {
    const inline = option.match(/^--override=(.*)$/)?.[1];
    const value = inline ?? (option === '--override' ? rest.shift() : undefined);
    if (value === undefined) throw new CliError(usage);
    overrides = collectOverride(value, overrides);
  }
  return { daemon, path, overrides };
}

/** `kafka-server-start.sh`: one broker from a server.properties, with the flags of Apache's script. */
await runCommand(async () => {
  const args = process.argv.slice(2);
  if (args.includes('--version')) {
    console.log(`Streamkeeper, compatible with Apache Kafka, version ${KAFKA_VERSION}`);
    return 0;
  }
  const { daemon, path, overrides } = parse(args);
  const env = createNodeEnv({ logLevel: 'info' });
  if (env.disk.stat(path)?.kind !== 'file')
    throw new CliError(`${path}: no such file: name a server.properties`);
  if (daemon) return startDaemon(env, args.slice(1), 'kafkaServer.out');
  tuneCollectorForServer();
  keepYoungGenerationSmall();
  // Only now: a wrong command line is answered without them.
  const { startBroker } = await import('../kafka/server/broker.ts');
  const { loadBrokerConfig, readServerProperties } = await import('../kafka/server/config/broker-config.ts');
  const file = readServerProperties(env.disk.readFile(path), resolve(path));
  const given = Object.entries(overrides).map(([key, value]) => ({ key, value, where: '--override' }));
  const { config, warnings } = loadBrokerConfig([...file.filter(({ key }) => !(key in overrides)), ...given]);
  for (const warning of warnings) env.log.warn(warning);
  const onFatal = (reason: string) => {
    env.log.error(reason);
    process.exit(1);
  };
  const broker = await startBroker(env, config, { onFatal });
  closeOnSignal(
    () => broker.close(),
    (error) => env.log.error('the broker could not be closed cleanly', { error }),
  );
  console.log(`Kafka      ${broker.bootstrapServers}`);
  console.log(`Ready in ${(env.clock.monotonicMs() / 1000).toFixed(2)} s`);
  announceReady();
  return 0;
});
