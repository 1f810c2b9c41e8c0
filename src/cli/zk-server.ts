import { dirname, join, resolve } from 'node:path';
import type { Env } from '../env/env.ts';
import { createNodeEnv } from '../env/node/create-node-env.ts';
import { closeOnSignal, isRunning, startDetached, terminate } from '../env/node/processes.ts';
import { completeConfig } from '../zookeeper/server/config.ts';
import { loadServerConfig, type ServerConfigFile } from '../zookeeper/server/config-file.ts';
import { startZooKeeperServer } from '../zookeeper/server/start.ts';
import { SERVER_VERSION } from '../zookeeper/server/version.ts';
import { CliError, runCommand } from './failure.ts';
import { fourLetterWord } from './four-letter-word.ts';

const usage = `usage: zkServer.sh [--config DIR] {start|start-foreground|stop|version|restart|status} [zoo.cfg]`;
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 30_000;
const POLL_MS = 20;

interface Invocation {
  readonly verb: string;
  readonly configPath: string;
}

function parse(args: readonly string[], env: Env): Invocation {
  const rest = [...args];
  let configDir = process.env['ZOOCFGDIR'] ?? 'conf';
  if (rest[0] === '--config') {
    configDir = rest[1] ?? '';
    rest.splice(0, 2);
  }
  const [verb, given = 'zoo.cfg'] = rest;
  if (verb === undefined || rest.length > 2) throw new CliError(usage);
  // A bare name lies in the configuration directory, as in Apache's script, unless it is here.
  const inPlace = dirname(given) !== '.' || (rest.length === 2 && env.disk.stat(given) !== undefined);
  return { verb, configPath: resolve(inPlace ? given : join(configDir, given)) };
}

/** `-Dname=value` settings, where Apache's script takes them from. */
function systemProperties(): Map<string, string> {
  const flags = `${process.env['JVMFLAGS'] ?? ''} ${process.env['SERVER_JVMFLAGS'] ?? ''}`;
  return new Map([...flags.matchAll(/-D([^=\s]+)=(\S*)/g)].map(([, name = '', value = '']) => [name, value]));
}

function load(env: Env, path: string): ServerConfigFile {
  if (env.disk.stat(path)?.kind !== 'file') throw new CliError(`${path}: no such file: name a zoo.cfg`);
  return loadServerConfig(env.disk, path, systemProperties());
}

async function foreground(env: Env, path: string): Promise<number> {
  const { options, warnings } = load(env, path);
  for (const warning of warnings) env.log.warn(warning);
  const server = await startZooKeeperServer(env, options);
  closeOnSignal(
    () => server.close(),
    (error) => env.log.error('the server could not be closed cleanly', { error }),
  );
  server.failure.then((error) => {
    env.log.error('the server has failed and ends', { error });
    process.exit(1);
  });
  console.log(`ZooKeeper  ${server.address}`);
  console.log(`Ready in ${(env.clock.monotonicMs() / 1000).toFixed(2)} s`);
  return 0;
}

function pidFile(file: ServerConfigFile): string {
  return process.env['ZOOPIDFILE'] ?? join(file.options.dataDir, 'zookeeper_server.pid');
}

function readPid(env: Env, path: string): number | undefined {
  if (env.disk.stat(path) === undefined) return undefined;
  const pid = Number(env.disk.readFile(path).toString().trim());
  return Number.isInteger(pid) && pid > 0 && isRunning(pid) ? pid : undefined;
}

/** Waits until `done`, looking again and again; false when the time is over. */
function waitUntil(env: Env, limitMs: number, done: () => boolean | Promise<boolean>): Promise<boolean> {
  const deadlineMs = env.clock.monotonicMs() + limitMs;
  return new Promise((settle, fail) => {
    const look = async (): Promise<void> => {
      if (await done()) settle(true);
      else if (env.clock.monotonicMs() > deadlineMs) settle(false);
      else env.timers.after(POLL_MS, () => void look().catch(fail));
    };
    look().catch(fail);
  });
}

async function start(env: Env, path: string): Promise<number> {
  const file = load(env, path);
  const pidPath = pidFile(file);
  const running = readPid(env, pidPath);
  if (running !== undefined)
    throw new CliError(`Starting zookeeper ... already running as process ${running}.`);
  const output = join(process.env['ZOO_LOG_DIR'] ?? 'logs', 'zookeeper.out');
  const script = process.argv[1] ?? '';
  const pid = startDetached(script, ['start-foreground', path], output);
  env.disk.makeDirectory(dirname(pidPath));
  const record = env.disk.open(pidPath, 'write');
  record.truncate(0);
  record.write([Buffer.from(`${pid}`)], 0);
  record.close();
  const { clientPort, clientPortAddress } = completeConfig(file.options);
  const answers = () =>
    fourLetterWord(env, clientPortAddress, clientPort, 'srvr').then((text) => text !== undefined);
  const started = await waitUntil(env, START_LIMIT_MS, async () => !isRunning(pid) || (await answers()));
  if (!started || !isRunning(pid))
    throw new CliError(`Starting zookeeper ... FAILED TO START: see ${output}`);
  console.log('Starting zookeeper ... STARTED');
  return 0;
}

async function stop(env: Env, path: string): Promise<number> {
  const pidPath = pidFile(load(env, path));
  const pid = readPid(env, pidPath);
  if (pid === undefined) {
    console.log(`Stopping zookeeper ... no zookeeper to stop (could not find file ${pidPath})`);
    return 0;
  }
  terminate(pid);
  const ended = await waitUntil(env, STOP_LIMIT_MS, () => !isRunning(pid));
  if (!ended) throw new CliError(`Stopping zookeeper ... process ${pid} does not end`);
  env.disk.remove(pidPath);
  console.log('Stopping zookeeper ... STOPPED');
  return 0;
}

async function status(env: Env, path: string): Promise<number> {
  const { clientPort, clientPortAddress } = completeConfig(load(env, path).options);
  console.log(
    `Client port found: ${clientPort}. Client address: ${clientPortAddress ?? 'localhost'}. Client SSL: false.`,
  );
  const text = await fourLetterWord(env, clientPortAddress, clientPort, 'srvr');
  const mode = text?.match(/^Mode: .*$/m)?.[0];
  if (mode === undefined) throw new CliError('Error contacting service. It is probably not running.');
  console.log(mode);
  return 0;
}

/** `zkServer.sh`: one ZooKeeper server from a zoo.cfg, with the verbs and messages of Apache's script. */
async function main(): Promise<number> {
  const env = createNodeEnv({ logLevel: 'info' });
  const { verb, configPath } = parse(process.argv.slice(2), env);
  if (verb === 'version') {
    console.log(`Streamkeeper, compatible with Apache ZooKeeper, version ${SERVER_VERSION}`);
    return 0;
  }
  console.error(`Using config: ${configPath}`);
  switch (verb) {
    case 'start-foreground':
      return foreground(env, configPath);
    case 'start':
      return start(env, configPath);
    case 'stop':
      return stop(env, configPath);
    case 'restart':
      await stop(env, configPath);
      return start(env, configPath);
    case 'status':
      return status(env, configPath);
    default:
      throw new CliError(usage);
  }
}

await runCommand(main);
