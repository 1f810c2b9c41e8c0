import type { WatcherTypeName } from '../../clients/index.ts';
import { parseProperties } from '../../storage/properties.ts';
import { type Command, flag, usageOf, valued, wordAt } from './command.ts';
import type { CommandLine } from './command-line.ts';
import { checkedPath } from './path.ts';
import { ShellError } from './shell-error.ts';
import { statJson, statLines } from './stat-text.ts';

const close: Command = {
  name: 'close',
  syntax: '',
  rules: { options: [] },
  minWords: 1,
  async run({ zk, output }) {
    await zk.close();
    output.result({ closed: true });
  },
};

const MODES = { PERSISTENT: 'persistent', PERSISTENT_RECURSIVE: 'persistentRecursive' } as const;

const addWatch: Command = {
  name: 'addWatch',
  syntax:
    '[-m mode] path # optional mode is one of [PERSISTENT, PERSISTENT_RECURSIVE] - default is PERSISTENT_RECURSIVE',
  rules: { options: [valued('m', '')] },
  minWords: 2,
  maxWords: 2,
  async run({ zk, output, watch }, line) {
    const name = (line.value('m') ?? 'PERSISTENT_RECURSIVE').toUpperCase();
    if (name !== 'PERSISTENT' && name !== 'PERSISTENT_RECURSIVE') throw new ShellError(usageOf(addWatch));
    const path = checkedPath(wordAt(line, 1));
    await zk.addWatch(path, MODES[name], watch);
    output.result({ path, mode: name });
  },
};

const WATCH_TYPES: readonly [option: string, type: WatcherTypeName][] = [
  ['c', 'children'],
  ['d', 'data'],
  ['p', 'persistent'],
  ['r', 'persistentRecursive'],
];

const removewatches: Command = {
  name: 'removewatches',
  syntax: 'path [-c|-d|-a] [-l]',
  rules: {
    options: [
      flag('c', 'child watcher type'),
      flag('d', 'data watcher type'),
      flag('p', 'persistent watcher type'),
      flag('r', 'persistent recursive watcher type'),
      flag('a', 'any watcher type'),
      flag('l', 'remove locally when there is no server connection'),
    ],
  },
  minWords: 2,
  async run({ zk, output }, line) {
    const type = WATCH_TYPES.find(([option]) => line.has(option))?.[1] ?? 'any';
    const path = checkedPath(wordAt(line, 1));
    await zk.removeWatches(path, type, undefined, { local: line.has('l') });
    output.result({ path, removed: type });
  },
};

const config: Command = {
  name: 'config',
  syntax: '[-c] [-w] [-s]',
  rules: { options: [flag('s', 'stats'), flag('w', 'watch'), flag('c', 'client connection string')] },
  minWords: 1,
  async run({ zk, output, watch }, line) {
    const { data, stat } = await zk.getConfig(line.has('w') ? watch : undefined);
    const text = data?.toString() ?? 'null';
    output.out(line.has('c') ? clientConfig(text) : text);
    if (line.has('s')) output.out(statLines(stat));
    output.result({ config: text, clients: clientConfig(text), stat: statJson(stat) });
  },
};

/** The configuration's version and where its servers listen for clients (ConfigUtils.getClientConfigStr). */
function clientConfig(text: string): string {
  const lines = parseProperties(text, 'configuration');
  const clients = lines
    .filter(({ key }) => key.startsWith('server.'))
    .map(({ value }) => {
      const client = value.split(';')[1]?.trim() ?? '';
      return /^\d+$/.test(client) ? `0.0.0.0:${client}` : client.replace(/^\[(.*)\]/, '$1');
    });
  return `${lines.find(({ key }) => key === 'version')?.value ?? ''} ${clients.join(',')}`;
}

const reconfig: Command = {
  name: 'reconfig',
  syntax:
    '[-s] [-v version] [[-file path] | [-members serverID=host:port1:port2;port3[,...]*]] | ' +
    '[-add serverId=host:port1:port2;port3[,...]]* [-remove serverId[,...]*]',
  rules: {
    options: [
      flag('s', 'stats'),
      valued('v', 'required current config version'),
      valued('file', 'path of config file to parse for membership'),
      valued('members', 'comma-separated list of config strings for non-incremental reconfig'),
      valued('add', 'comma-separated list of config strings for new servers'),
      valued('remove', 'comma-separated list of server IDs to remove'),
    ],
  },
  minWords: 1,
  async run({ zk, env, output }, line) {
    const change = changeOf(line, (path) => env.disk.readFile(path).toString('latin1'));
    const { data, stat } = await zk.reconfig(change);
    const text = data?.toString() ?? '';
    output.out(`Committed new configuration:\n${text}`);
    if (line.has('s')) output.out(statLines(stat));
    output.result({ config: text, stat: statJson(stat) });
  },
};

function changeOf(line: CommandLine, read: (path: string) => string) {
  const [hasFile, hasMembers] = [line.has('file'), line.has('members')];
  const isIncremental = line.has('add') || line.has('remove');
  if (!hasFile && !hasMembers && !isIncremental) throw new ShellError(usageOf(reconfig));
  const versionText = line.value('v');
  if (versionText !== undefined && !/^[+-]?[0-9a-f]{1,16}$/i.test(versionText)) {
    throw new ShellError('-v must be followed by a long (configuration version)');
  }
  if ((hasFile || hasMembers) && isIncremental) {
    throw new ShellError(
      "Can't use -file or -members together with -add or -remove (mixing incremental and non-incremental " +
        'modes is not allowed)',
    );
  }
  if (hasFile && hasMembers) {
    throw new ShellError("Can't use -file and -members together (conflicting non-incremental modes)");
  }
  const joining = line.value('add')?.toLowerCase();
  const leaving = line.value('remove')?.toLowerCase();
  const file = line.value('file');
  const members = file === undefined ? line.value('members')?.toLowerCase() : membersOf(file, read);
  return {
    ...(joining === undefined ? {} : { joining }),
    ...(leaving === undefined ? {} : { leaving }),
    ...(members === undefined ? {} : { members }),
    fromVersion: versionText === undefined ? -1 : Number.parseInt(versionText, 16),
  };
}

/** The members that a dynamic configuration file lists, each line checked. */
function membersOf(path: string, read: (path: string) => string): string {
  try {
    const lines = parseProperties(read(path), path).filter(({ key }) => /^(server|group|weight)\./.test(key));
    for (const { key, value } of lines) {
      if (key.startsWith('server.') && !/^\S+:\d+:\d+/.test(value))
        throw new Error(`: ${key}=${value} is no server`);
    }
    if (lines.length === 0) throw new Error(': it lists no server.N');
    return lines.map(({ key, value }) => `${key}=${value}`).join('\n');
  } catch (error) {
    throw new ShellError(`Error processing ${path}${error instanceof Error ? error.message : String(error)}`);
  }
}

export const sessionCommands: readonly Command[] = [close, addWatch, removewatches, config, reconfig];
