import { createNodeEnv } from '../env/node/create-node-env.ts';
import { openTerminal, type Terminal } from '../env/node/terminal.ts';
import {
  chopLog,
  RawLog,
  RawLogWriter,
  type RawRecord,
} from '../zookeeper/server/toolkit/txn-log-toolkit.ts';
import { txnJson, txnText } from '../zookeeper/server/toolkit/txn-text.ts';
import { CliError, runCommand } from './failure.ts';
import { CommandLineError, parseCommandLine } from './zk-shell/command-line.ts';

const OPTIONS = [
  { name: 'c', long: 'chop', description: 'Chop mode. Chop txn file to a zxid.' },
  {
    name: 'd',
    long: 'dump',
    description:
      'Dump mode. Dump all entries of the log file with printing the content of a nodepath (default)',
  },
  { name: 'h', long: 'help', description: 'Print help message' },
  { name: 'j', long: 'json', description: 'Dump one JSON object a line.' },
  { name: 'r', long: 'recover', description: 'Recovery mode. Re-calculate CRC for broken entries.' },
  {
    name: 'v',
    long: 'verbose',
    description: 'Be verbose in recovery mode: print all entries, not just fixed ones.',
  },
  { name: 'y', long: 'yes', description: 'Non-interactive mode: repair all CRC errors without asking' },
  { name: 'z', long: 'zxid', takesValue: true, description: 'Used with chop. Zxid to which to chop.' },
];

function help(): string {
  const rows = OPTIONS.map(({ name, long, takesValue, description }) => ({
    left: ` -${name},--${long}${takesValue === true ? ' <arg>' : ''}`,
    description,
  }));
  const width = Math.max(...rows.map(({ left }) => left.length)) + 3;
  const lines = rows.map(({ left, description }) => left.padEnd(width) + description);
  return ['usage: TxnLogToolkit [-dhrvc] <txn_log_file_name> (-z <zxid>)', ...lines].join('\n');
}

/** Long names to short ones, which the parser knows. */
function shortened(args: readonly string[]): string[] {
  return args.flatMap((arg) => {
    const [, name, value] = /^--([a-z]+)(?:=(.*))?$/.exec(arg) ?? [];
    const option = OPTIONS.find(({ long }) => long === name);
    return option === undefined ? [arg] : [`-${option.name}`, ...(value === undefined ? [] : [value])];
  });
}

interface Modes {
  readonly path: string;
  readonly recovers: boolean;
  readonly verbose: boolean;
  readonly fixesAll: boolean;
  readonly json: boolean;
}

const env = createNodeEnv({ logLevel: 'error' });

/** `Y` to fix, `N` to leave it. Throws CliError when the user gives up, or there is nobody to ask. */
async function askForFix(terminal: Terminal): Promise<boolean> {
  for (;;) {
    console.log('Would you like to fix it (Yes/No/Abort) ? ');
    const answer = (await terminal.readLine('')) ?? 'A';
    const letter = answer.trim().charAt(0).toUpperCase();
    if (letter === 'Y') return true;
    if (letter === 'N') return false;
    if (letter === 'A') throw new CliError('Recovery aborted.');
  }
}

function print(record: RawRecord, prefix: string, json: boolean): void {
  if (json) {
    console.log(
      JSON.stringify({ ...txnJson(record.decode()), ...(record.isIntact ? {} : { crc: 'error' }) }),
    );
  } else {
    console.log(`${prefix}${txnText(record.decode())}`.replace(/\n$/, ''));
  }
}

async function dump(modes: Modes): Promise<void> {
  const { path, recovers, verbose, fixesAll, json } = modes;
  const log = new RawLog(env.disk, path);
  const fixedPath = `${path}.fixed`;
  const writer = recovers ? new RawLogWriter(env.disk, fixedPath, log.header) : undefined;
  let terminal: Terminal | undefined;
  let count = 0;
  let fixed = 0;
  try {
    const { dbid, version } = log.header;
    if (!json)
      console.log(`ZooKeeper Transactional Log File with dbid ${dbid} txnlog format version ${version}`);
    for (let record = log.next(); record !== undefined; record = log.next()) {
      let isFixed = false;
      if (!record.isIntact && !json)
        print(record, recovers && fixesAll ? 'CRC FIXED - ' : 'CRC ERROR - ', false);
      if (!record.isIntact && recovers) {
        terminal ??= fixesAll
          ? undefined
          : openTerminal({ historyFile: undefined, complete: async () => [] });
        isFixed = terminal === undefined || (await askForFix(terminal));
        if (isFixed) fixed++;
      }
      if (!recovers || verbose) print(record, '', json);
      if (isFixed) writer?.writeIntact(record.payload);
      else writer?.writeAsIs(record.bytes);
      count++;
    }
    if (!json) console.log(`EOF reached after ${count} txns.`);
    if (recovers) console.log(`Recovery file ${fixedPath} has been written with ${fixed} fixed CRC error(s)`);
  } finally {
    terminal?.close();
    writer?.close();
    log.close();
  }
}

function parseZxid(text: string | undefined): number {
  const zxid = Number(text);
  if (text === undefined || !/^(0x[0-9a-f]{1,13}|\d{1,15})$/i.test(text)) {
    throw new CliError(`-z ${text}: give a transaction's number, such as 0x1a`);
  }
  return zxid;
}

/** `zkTxnLogToolkit.sh`: shows, repairs or shortens a transaction log. */
await runCommand(async () => {
  let line: ReturnType<typeof parseCommandLine>;
  try {
    line = parseCommandLine(shortened(process.argv.slice(2)), { options: OPTIONS });
  } catch (error) {
    if (!(error instanceof CommandLineError)) throw error;
    throw new CliError(`${error.message.replace(/^[\w.]+: /, '')}\n\n${help()}`);
  }
  const [path] = line.words;
  if (line.has('h') || path === undefined) {
    console.log(help());
    return line.has('h') ? 0 : 1;
  }
  if (env.disk.stat(path)?.kind !== 'file') throw new CliError(`File doesn't exist or not readable: ${path}`);
  if (line.has('c') && line.has('z')) {
    const zxid = parseZxid(line.value('z'));
    const found = chopLog(env.disk, path, `${path}.chopped${zxid}`, zxid);
    if (!found)
      console.log(`Got exception: Failed to chop ${path}: it has no transaction 0x${zxid.toString(16)}`);
    return found ? 0 : 2;
  }
  const recovers = line.has('r');
  if (recovers && env.disk.stat(`${path}.fixed`) !== undefined) {
    throw new CliError(`Recovery file ${path}.fixed already exists or not writable`);
  }
  await dump({ path, recovers, verbose: line.has('v'), fixesAll: line.has('y'), json: line.has('j') });
  return 0;
});
