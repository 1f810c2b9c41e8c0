import { join } from 'node:path';
import type { Env } from '../env/env.ts';
import { createNodeEnv } from '../env/node/create-node-env.ts';
import { openTerminal, type Terminal } from '../env/node/terminal.ts';
import { parsePropertiesFile } from '../storage/properties.ts';
import { CliError, runCommand } from './failure.ts';
import { splitFlags, systemProperties } from './java-flags.ts';
import { Shell } from './zk-shell/shell.ts';

interface Invocation {
  server: string;
  timeoutMs: number;
  readOnly: boolean;
  waitForConnection: boolean;
  clientConfiguration: string | undefined;
  json: boolean;
  /** The command of a one-shot call. */
  words: readonly string[];
}

/** As ZooKeeperMain: options come first, those that it does not know are passed over. */
function parse(args: readonly string[]): Invocation {
  const invocation: Invocation = {
    server: 'localhost:2181',
    timeoutMs: 30_000,
    readOnly: false,
    waitForConnection: false,
    clientConfiguration: undefined,
    json: false,
    words: [],
  };
  const rest = [...args];
  const valueFor = (option: string): string => {
    const value = rest.shift();
    if (value === undefined) throw new CliError(`Error: no argument found for option ${option}`);
    return value;
  };
  for (let arg = rest[0]; arg?.startsWith('-') === true; arg = rest[0]) {
    rest.shift();
    if (arg === '-server') invocation.server = valueFor(arg);
    else if (arg === '-timeout') invocation.timeoutMs = timeoutOf(valueFor(arg));
    else if (arg === '-r') invocation.readOnly = true;
    else if (arg === '-client-configuration') invocation.clientConfiguration = valueFor(arg);
    else if (arg === '-waitforconnection') invocation.waitForConnection = true;
    else if (arg === '--json') invocation.json = true;
  }
  return { ...invocation, words: rest };
}

function timeoutOf(text: string): number {
  const timeoutMs = Number(text);
  if (!/^\d+$/.test(text) || timeoutMs < 1 || timeoutMs >= 2 ** 31) {
    throw new CliError(`-timeout ${text}: give the session timeout in milliseconds, such as 30000`);
  }
  return timeoutMs;
}

/** The properties of the client that mean something here; the others are named. */
function maxFrameBytesOf(env: Env, path: string | undefined): number | undefined {
  const flags = systemProperties([
    ...splitFlags(process.env['CLIENT_JVMFLAGS']),
    ...splitFlags(process.env['JVMFLAGS']),
  ]);
  const properties = new Map(flags);
  if (path !== undefined) {
    if (env.disk.stat(path)?.kind !== 'file') {
      throw new CliError(`${path}: no such file: name a file of client properties`);
    }
    for (const { key, value } of parsePropertiesFile(env.disk.readFile(path), path))
      properties.set(key, value);
  }
  if (properties.get('zookeeper.client.secure') === 'true') {
    throw new CliError('zookeeper.client.secure=true asks for TLS, which is not supported yet: remove it');
  }
  const ignored = [...properties.keys()].filter((key) => key.startsWith('zookeeper.'));
  if (ignored.length > 0) console.error(`known, but without effect here: ${ignored.join(', ')}`);
  const text = properties.get('jute.maxbuffer');
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text) || Number(text) < 1024)
    throw new CliError(`jute.maxbuffer=${text}: give bytes, 1024 or more`);
  return Number(text);
}

/** Standard output and error; the terminal, once there is one, keeps the line being typed apart. */
function createOutput(json: boolean, terminal: () => Terminal | undefined) {
  const print = (write: () => void) => {
    const open = terminal();
    if (open === undefined) write();
    else open.interrupt(write);
  };
  return {
    out: (text: string) => {
      if (!json) print(() => console.log(text));
    },
    err: (text: string) => print(() => console.error(text)),
    result: (value: unknown) => {
      if (json) print(() => console.log(JSON.stringify(value)));
    },
  };
}

async function converse(shell: Shell, terminal: Terminal): Promise<void> {
  while (!shell.hasQuit) {
    const line = await terminal.readLine(shell.prompt);
    if (line === undefined) break;
    await shell.executeLine(line.trim());
  }
  terminal.close();
}

function historyFile(): string | undefined {
  const home = process.env['HOME'];
  return home === undefined ? undefined : join(home, '.zkCli_history');
}

/** `zkCli.sh`: Apache's shell, interactive or for one command. */
await runCommand(async () => {
  const invocation = parse(process.argv.slice(2));
  const env = createNodeEnv({ logLevel: 'error' });
  const maxFrameBytes = maxFrameBytesOf(env, invocation.clientConfiguration);
  let terminal: Terminal | undefined;
  const output = createOutput(invocation.json, () => terminal);
  const shell = new Shell({
    env,
    ...invocation,
    ...(maxFrameBytes === undefined ? {} : { maxFrameBytes }),
    output,
  });
  output.out(`Connecting to ${invocation.server}`);
  await shell.connect();
  try {
    if (invocation.words.length > 0) {
      await shell.execute(invocation.words);
    } else {
      output.out('Welcome to ZooKeeper!');
      terminal = openTerminal({ historyFile: historyFile(), complete: (word) => shell.complete(word) });
      output.out(`JLine support is ${terminal.isInteractive ? 'enabled' : 'disabled'}`);
      await converse(shell, terminal);
    }
  } finally {
    await shell.close();
  }
  return shell.exitCode;
});
