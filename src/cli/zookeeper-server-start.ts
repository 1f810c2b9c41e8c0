import { resolve } from 'node:path';
import { createNodeEnv } from '../env/node/create-node-env.ts';
import { loadServerConfig } from '../zookeeper/server/config-file.ts';
import { startDaemon } from './daemon.ts';
import { CliError, runCommand } from './failure.ts';
import { splitFlags, systemProperties } from './java-flags.ts';
import { serveZooKeeper, ZOOKEEPER_EXIT_CODES } from './zookeeper-foreground.ts';

const usage = 'USAGE: zookeeper-server-start.sh [-daemon] zookeeper.properties';

/** `zookeeper-server-start.sh`: one ZooKeeper server from a zookeeper.properties, as Kafka's own script has it. */
await runCommand(async () => {
  const args = process.argv.slice(2);
  const isDaemon = args[0] === '-daemon';
  const [path, ...rest] = isDaemon ? args.slice(1) : args;
  if (path === undefined || path.startsWith('-') || rest.length > 0) throw new CliError(usage);
  const env = createNodeEnv({ logLevel: 'info' });
  if (env.disk.stat(path)?.kind !== 'file') {
    throw new CliError(`${path}: no such file: name a zookeeper.properties`);
  }
  if (isDaemon) return startDaemon(env, args.slice(1), 'zookeeper.out');
  const flags = systemProperties(splitFlags(process.env['KAFKA_OPTS']));
  return serveZooKeeper(env, loadServerConfig(env.disk, resolve(path), flags));
}, ZOOKEEPER_EXIT_CODES);
