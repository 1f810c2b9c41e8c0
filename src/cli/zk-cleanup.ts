import { join, resolve } from 'node:path';
import { createNodeEnv } from '../env/node/create-node-env.ts';
import { loadServerConfig } from '../zookeeper/server/config-file.ts';
import { cleanUp } from '../zookeeper/server/toolkit/cleanup.ts';
import { shortDate } from '../zookeeper/server/toolkit/txn-text.ts';
import { CliError, runCommand } from './failure.ts';
import { parseJavaInt } from './zk-shell/command.ts';

const USAGE = [
  'Usage:',
  'PurgeTxnLog dataLogDir [snapDir] -n count',
  '\tdataLogDir -- path to the txn log directory',
  '\tsnapDir -- path to the snapshot directory',
  '\tcount -- the number of old snaps/logs you want to keep, value should be greater than or equal to 3',
].join('\n');
const LEAST_COUNT = 3;

function refuse(text: string): never {
  throw new CliError(text === '' ? USAGE : `${text}\n${USAGE}`);
}

const env = createNodeEnv({ logLevel: 'error' });

/** The directories of zoo.cfg, where there is one: logs first, as PurgeTxnLog takes them. */
function configuredDirectories(configDir: string): string[] {
  const path = resolve(configDir, process.env['ZOOCFG'] ?? 'zoo.cfg');
  if (env.disk.stat(path)?.kind !== 'file') return [];
  const { dataDir, dataLogDir } = loadServerConfig(env.disk, path).options;
  return dataLogDir === undefined ? [dataDir] : [dataLogDir, dataDir];
}

/** `zkCleanup.sh`: removes snapshots and logs that a server no longer needs. */
await runCommand(async () => {
  const args = process.argv.slice(2);
  let configDir = process.env['ZOOCFGDIR'] ?? 'conf';
  if (args[0] === '--config') {
    configDir = args[1] ?? refuse('');
    args.splice(0, 2);
  }
  const given = [...configuredDirectories(configDir), ...args];
  if (given.length < 3 || given.length > 4 || given.at(-2) !== '-n') refuse('');
  const count = parseJavaInt(given.at(-1));
  if (count === undefined) refuse(`'${given.at(-1)}' can not be parsed to integer.`);
  if (count < LEAST_COUNT) refuse('count should be greater than or equal to 3');
  const directories = given.slice(0, -2);
  for (const directory of directories) {
    if (env.disk.stat(join(directory, 'version-2'))?.kind !== 'directory') {
      refuse(`Path '${resolve(directory)}' does not exist, or has no version-2 in it. `);
    }
  }
  const [dataLogDir = '', dataDir = dataLogDir] = directories;
  for (const path of cleanUp(env, { dataDir, dataLogDir }, count)) {
    console.log(`Removing file: ${shortDate(env.clock.nowMs())}\t${path}`);
  }
  return 0;
});
