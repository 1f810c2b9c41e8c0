import { resolve } from 'node:path';
import type { Disk } from '../env/disk.ts';
import { createNodeEnv } from '../env/node/create-node-env.ts';
import { listProcesses, type RunningProcess, terminate } from '../env/node/processes.ts';
import { parsePropertiesFile } from '../storage/properties.ts';
import { CliError, runCommand } from './failure.ts';
import { scriptOf } from './script-of.ts';

const usage = 'usage: kafka-server-stop.sh [--node-id=ID] [--process-role=ROLE]';

interface Filter {
  readonly nodeId: string | undefined;
  readonly role: string | undefined;
}

function parse(args: readonly string[]): Filter {
  let filter: Filter = { nodeId: undefined, role: undefined };
  for (const arg of args) {
    const [, name, value] = /^--(node-id|process-role)=(.*)$/.exec(arg) ?? [];
    if (name === undefined || value === undefined) throw new CliError(usage);
    filter = name === 'node-id' ? { ...filter, nodeId: value } : { ...filter, role: value };
  }
  if (filter.nodeId !== undefined && filter.role !== undefined) {
    console.log(
      'When both node-id and process-role are provided, the value for node-id will take precedence',
    );
  }
  return filter;
}

/** The properties that a broker was started with, as far as its command line tells; its overrides come last. */
function propertiesOf(disk: Disk, { command, directory }: RunningProcess): Map<string, string> {
  const args = (scriptOf(command)?.args ?? []).filter((arg) => arg !== '-daemon');
  const [path = '', ...rest] = args;
  const file = resolve(directory ?? '.', path);
  if (disk.stat(file)?.kind !== 'file') {
    throw new CliError(
      `cannot find ${path}, which a running broker was started with: call this in the directory it was started in`,
    );
  }
  const lines = parsePropertiesFile(disk.readFile(file), file).map(({ key, value }): [string, string] => [
    key,
    value,
  ]);
  const overrides = [...rest.join(' ').matchAll(/--override[ =]([^=\s]+)=(\S*)/g)];
  return new Map([...lines, ...overrides.map(([, key = '', value = '']): [string, string] => [key, value])]);
}

function matches(disk: Disk, broker: RunningProcess, { nodeId, role }: Filter): boolean {
  if (nodeId === undefined && role === undefined) return true;
  const properties = propertiesOf(disk, broker);
  if (nodeId !== undefined) return (properties.get('node.id') ?? properties.get('broker.id')) === nodeId;
  return properties.get('process.roles') === role;
}

/** Ends the brokers that `kafka-server-start.sh` runs on this machine, as Apache's script does. */
await runCommand(async () => {
  const filter = parse(process.argv.slice(2));
  const { disk } = createNodeEnv({ logLevel: 'silent' });
  const brokers = listProcesses().filter(
    ({ pid, command }) => pid !== process.pid && scriptOf(command)?.name === 'kafka-server-start',
  );
  if (brokers.length === 0) {
    console.log('No kafka server to stop');
    return 1;
  }
  const signal = process.env['SIGNAL'] ?? 'TERM';
  for (const broker of brokers) {
    if (matches(disk, broker, filter))
      terminate(broker.pid, /^\d+$/.test(signal) ? Number(signal) : `SIG${signal}`);
  }
  return 0;
});
