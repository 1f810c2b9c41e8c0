import { dirname, join, resolve } from 'node:path';
import type { Env } from '../env/env.ts';
import { createNodeEnv } from '../env/node/create-node-env.ts';
import { isRunning, listProcesses, startDetached, terminate } from '../env/node/processes.ts';
import { completeConfig } from '../zookeeper/server/config.ts';
import { loadServerConfig, type ServerConfigFile } from '../zookeeper/server/config-file.ts';
import { SERVER_VERSION } from '../zookeeper/server/version.ts';
import { CliError, runCommand } from './failure.ts';
import { fourLetterWord } from './four-letter-word.ts';
import { type Environment, readEnvironment, splitFlags, systemProperties } from './java-flags.ts';
import { waitUntil } from './wait-until.ts';
import { serveZooKeeper, ZOOKEEPER_EXIT_CODES } from './zookeeper-foreground.ts';

const usage =
  'Usage: zkServer.sh [--config <conf-dir>] [-Dproperty=value]* [--json] ' +
  '{start|start-foreground|stop|version|restart|status|print-cmd} [zoo.cfg]';
/** A server that lives so long after its start counts as started, as in Apache's script; ensembles take longer. */
const START_LIMIT_MS = 5_000;
const STOP_LIMIT_MS = 30_000;

interface Invocation {
  readonly verb: string;
  readonly configPath: string;
  readonly configDir: string;
  readonly environment: Environment;
  /** `-D` of the command line. */
  readonly flags: readonly string[];
  /** Whether `status` answers in JSON. */
  readonly json: boolean;
}

function parse(args: readonly string[], env: Env): Invocation {
  const rest = args.filter((arg) => !arg.startsWith('-D') && arg !== '--json');
  let configDir = process.env['ZOOCFGDIR'] ?? 'conf';
  if (rest[0] === '--config') {
    if (rest[1] === undefined) throw new CliError(usage);
    configDir = rest[1];
    rest.splice(0, 2);
  }
  const [verb, named] = rest;
  if (verb === undefined || rest.length > 2) throw new CliError(usage);
  const environment = readEnvironment(env.disk, configDir, process.env, (text) => console.error(text));
  const given = named ?? environment['ZOOCFG'] ?? 'zoo.cfg';
  // A bare name lies in the configuration directory, as in Apache's script, unless it is here.
  const inPlace = dirname(given) !== '.' || (named !== undefined && env.disk.stat(given) !== undefined);
  const configPath = resolve(inPlace ? given : join(configDir, given));
  const flags = args.filter((arg) => arg.startsWith('-D'));
  return {
    verb,
    configPath,
    configDir: resolve(configDir),
    environment,
    flags,
    json: args.includes('--json'),
  };
}

/** `-Dname=value` settings, where Apache's script takes them from; later ones win. */
function propertiesOf({ environment, flags }: Invocation): Map<string, string> {
  const autocreate =
    (environment['ZOO_DATADIR_AUTOCREATE_DISABLE'] ?? '') === ''
      ? []
      : ['-Dzookeeper.datadir.autocreate=false'];
  return systemProperties([
    ...autocreate,
    ...splitFlags(environment['SERVER_JVMFLAGS']),
    ...splitFlags(environment['JVMFLAGS']),
    ...flags,
  ]);
}

function load(env: Env, invocation: Invocation): ServerConfigFile {
  const path = invocation.configPath;
  if (env.disk.stat(path)?.kind !== 'file') {
    throw new CliError(`${path}: no such file: name a zoo.cfg, or the directory that has one by --config`);
  }
  return loadServerConfig(env.disk, path, propertiesOf(invocation));
}

function pidFile(file: ServerConfigFile, environment: Environment): string {
  return environment['ZOOPIDFILE'] ?? join(file.options.dataDir, 'zookeeper_server.pid');
}

function readPid(env: Env, path: string): number | undefined {
  if (env.disk.stat(path) === undefined) return undefined;
  const pid = Number(env.disk.readFile(path).toString().trim());
  if (!Number.isInteger(pid) || pid <= 0 || !isRunning(pid)) return undefined;
  // The number may have gone to another program since the server died.
  const isServer = listProcesses().some(
    (each) => each.pid === pid && each.command.includes('start-foreground'),
  );
  return isServer ? pid : undefined;
}

function outputFile(env: Env, environment: Environment): string {
  const name = `zookeeper-${environment['USER'] ?? ''}-server-${env.net.hostname()}.out`;
  return resolve(environment['ZOO_LOG_DIR'] ?? 'logs', name);
}

/** Verb and all, as given but for the verb: the new process reads the same files and flags. */
function foregroundArguments({ configPath, configDir, flags }: Invocation): string[] {
  return ['--config', configDir, ...flags, 'start-foreground', configPath];
}

async function start(env: Env, invocation: Invocation): Promise<number> {
  const { environment } = invocation;
  const file = load(env, invocation);
  const pidPath = pidFile(file, environment);
  const running = readPid(env, pidPath);
  if (running !== undefined) {
    console.log(`Starting zookeeper ... already running as process ${running}.`);
    return 1;
  }
  // Before the server is there: it could not be stopped without its pid.
  env.disk.makeDirectory(dirname(pidPath));
  const record = env.disk.open(pidPath, 'write');
  try {
    const output = outputFile(env, environment);
    const args = foregroundArguments(invocation);
    const child = startDetached(process.argv[1] ?? '', args, output);
    record.truncate(0);
    record.write([Buffer.from(`${child.pid}`)], 0);
    const outcome = await child.settled(START_LIMIT_MS);
    if (outcome !== 'ended') {
      console.log('Starting zookeeper ... STARTED');
      return 0;
    }
    console.log('Starting zookeeper ... FAILED TO START');
    console.error(lastLine(env, output) ?? `see ${output}`);
    return 1;
  } finally {
    record.close();
  }
}

function lastLine(env: Env, path: string): string | undefined {
  return env.disk.readFile(path).toString().trimEnd().split('\n').at(-1);
}

async function stop(env: Env, invocation: Invocation): Promise<number> {
  const pidPath = pidFile(load(env, invocation), invocation.environment);
  const pid = readPid(env, pidPath);
  if (pid === undefined) {
    console.log(`Stopping zookeeper ... no zookeeper to stop (could not find file ${pidPath})`);
    env.disk.remove(pidPath);
    return 0;
  }
  terminate(pid);
  const ended = await waitUntil(env, STOP_LIMIT_MS, () => !isRunning(pid));
  if (!ended)
    throw new CliError(`Stopping zookeeper ... process ${pid} does not end: kill it by kill -9 ${pid}`);
  env.disk.remove(pidPath);
  console.log('Stopping zookeeper ... STOPPED');
  return 0;
}

async function status(env: Env, invocation: Invocation): Promise<number> {
  const { clientPort, clientPortAddress } = completeConfig(load(env, invocation).options);
  if (invocation.json) return statusJson(env, clientPortAddress, clientPort);
  console.log(
    `Client port found: ${clientPort}. Client address: ${clientPortAddress ?? 'localhost'}. Client SSL: false.`,
  );
  const text = await fourLetterWord(env, clientPortAddress, clientPort, 'srvr');
  const mode = text?.match(/^Mode: .*$/m)?.[0];
  console.log(mode ?? 'Error contacting service. It is probably not running.');
  return mode === undefined ? 1 : 0;
}

async function statusJson(env: Env, address: string | undefined, clientPort: number): Promise<number> {
  const clientAddress = address ?? 'localhost';
  const text = await fourLetterWord(env, address, clientPort, 'srvr');
  const lineOf = (name: string) => text?.match(new RegExp(`^${name}: (.*)$`, 'm'))?.[1];
  const mode = lineOf('Mode') ?? null;
  const version = lineOf('Zookeeper version') ?? null;
  const running = text !== undefined;
  console.log(
    JSON.stringify({ clientAddress, clientPort, running, mode, version, zxid: lineOf('Zxid') ?? null }),
  );
  return mode === null ? 1 : 0;
}

function printCommand(env: Env, invocation: Invocation): number {
  const words = [process.execPath, process.argv[1] ?? '', ...foregroundArguments(invocation)];
  const quoted = words.map((word) => `"${word}"`).join(' ');
  console.log(`${quoted} &>"${outputFile(env, invocation.environment)}" </dev/null`);
  return 0;
}

/** `zkServer.sh`: one ZooKeeper server from a zoo.cfg, with the verbs and messages of Apache's script. */
async function main(): Promise<number> {
  const env = createNodeEnv({ logLevel: 'info' });
  const invocation = parse(process.argv.slice(2), env);
  if (invocation.verb === 'version') {
    console.log(`Streamkeeper, compatible with Apache ZooKeeper, version ${SERVER_VERSION}`);
    return 0;
  }
  console.error(`Using config: ${invocation.configPath}`);
  switch (invocation.verb) {
    case 'start-foreground':
      return serveZooKeeper(env, load(env, invocation));
    case 'start':
      return start(env, invocation);
    case 'stop':
      return stop(env, invocation);
    case 'restart':
      await stop(env, invocation);
      return start(env, invocation);
    case 'status':
      return status(env, invocation);
    case 'print-cmd':
      return printCommand(env, invocation);
    default:
      throw new CliError(usage);
  }
}

await runCommand(main, process.argv.includes('start-foreground') ? ZOOKEEPER_EXIT_CODES : {});
