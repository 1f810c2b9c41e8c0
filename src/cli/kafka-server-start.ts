import { join, resolve } from 'node:path';
import type { Env } from '../env/env.ts';
import { createNodeEnv } from '../env/node/create-node-env.ts';
import {
  announceReady,
  closeOnSignal,
  startDetached,
  tuneCollectorForServer,
} from '../env/node/processes.ts';
import { startBroker } from '../kafka/server/broker.ts';
import { loadBrokerConfig, readServerProperties } from '../kafka/server/config/broker-config.ts';
import { CliError, runCommand } from './failure.ts';
import { collectOverride } from './overrides.ts';

const usage = 'USAGE: kafka-server-start.sh [-daemon] server.properties [--override property=value]*';
/** A broker that lives so long after its start counts as started; ZooKeeper may be slow to come. */
const START_LIMIT_MS = 10_000;

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

/** Departs from Apache's script in waiting for the broker to serve: one that cannot start is a failure. */
async function startInBackground(env: Env, args: readonly string[]): Promise<number> {
  const output = join(process.env['LOG_DIR'] ?? 'logs', 'kafkaServer.out');
  const child = startDetached(process.argv[1] ?? '', args, output);
  if ((await child.settled(START_LIMIT_MS)) !== 'ended') return 0;
  const reason = env.disk.readFile(output).toString().trimEnd().split('\n').at(-1);
  throw new CliError(reason === undefined || reason === '' ? `the broker has ended: see ${output}` : reason);
}

/** `kafka-server-start.sh`: one broker from a server.properties, with the flags of Apache's script. */
await runCommand(async () => {
  const args = process.argv.slice(2);
  const { daemon, path, overrides } = parse(args);
  const env = createNodeEnv({ logLevel: 'info' });
  if (env.disk.stat(path)?.kind !== 'file')
    throw new CliError(`${path}: no such file: name a server.properties`);
  if (daemon) {
    return startInBackground(env, args.slice(1));
  }
  tuneCollectorForServer();
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
