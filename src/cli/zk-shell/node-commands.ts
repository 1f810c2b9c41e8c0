import { type CreateModeName, deleteSubtree, visitSubtree } from '../../clients/index.ts';
import { parseAcl } from './acl-text.ts';
import {
  type Command,
  type CommandContext,
  flag,
  parseJavaInt,
  usageOf,
  valued,
  versionOf,
  wordAt,
} from './command.ts';
import type { CommandLine } from './command-line.ts';
import { checkedPath } from './path.ts';
import { keeperMessage, ShellError } from './shell-error.ts';
import { dataJson, hexDump, statJson, statLines } from './stat-text.ts';

/** EphemeralType.TTL.maxValue(): five bytes of milliseconds. */
const MAX_TTL_MS = 0xff_ffff_ffff;

const create: Command = {
  name: 'create',
  syntax: '[-s] [-e] [-c] [-t ttl] path [data] [acl]',
  rules: {
    options: [flag('e', 'ephemeral'), flag('s', 'sequential'), flag('c', 'container'), valued('t', 'ttl')],
  },
  minWords: 2,
  async run({ zk, output }, line) {
    const { mode, ttlMs } = createMode(line);
    const path = checkedPath(wordAt(line, 1), mode.toLowerCase().includes('sequential'));
    const [, , text, aclText] = line.words;
    try {
      const acl = aclText === undefined ? undefined : parseAcl(aclText, (problem) => output.err(problem));
      const created = await zk.create(path, text === undefined ? null : Buffer.from(text), {
        mode,
        ...(acl === undefined ? {} : { acl }),
        ...(ttlMs === undefined ? {} : { ttlMs }),
      });
      output.err(`Created ${created}`);
      output.result({ path: created });
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'INVALIDACL') {
        output.err(keeperMessage('INVALIDACL', error instanceof ShellError ? '' : path));
      }
      throw error;
    }
  },
};

function createMode(line: CommandLine): { mode: CreateModeName; ttlMs: number | undefined } {
  const [isEphemeral, isSequential, isContainer, hasTtl] = ['e', 's', 'c', 't'].map((name) => line.has(name));
  if (isContainer === true && (isEphemeral === true || isSequential === true)) {
    throw new ShellError(
      '-c cannot be combined with -s or -e. Containers cannot be ephemeral or sequential.',
    );
  }
  const ttlMs =
    hasTtl === true ? Number(/^[+-]?\d+$/.test(line.value('t') ?? '') ? line.value('t') : NaN) : undefined;
  if (Number.isNaN(ttlMs)) throw new ShellError('-t argument must be a long value');
  if (hasTtl === true && isEphemeral === true)
    throw new ShellError('TTLs cannot be used with Ephemeral znodes');
  if (hasTtl === true && isContainer === true)
    throw new ShellError('TTLs cannot be used with Container znodes');
  if (ttlMs !== undefined && (ttlMs <= 0 || ttlMs > MAX_TTL_MS)) {
    throw new ShellError(`ttl must be positive and cannot be larger than: ${MAX_TTL_MS}`);
  }
  if (isContainer === true) return { mode: 'container', ttlMs };
  if (isEphemeral === true)
    return { mode: isSequential === true ? 'ephemeralSequential' : 'ephemeral', ttlMs };
  if (hasTtl === true) {
    return { mode: isSequential === true ? 'persistentSequentialWithTTL' : 'persistentWithTTL', ttlMs };
  }
  return { mode: isSequential === true ? 'persistentSequential' : 'persistent', ttlMs };
}

const remove: Command = {
  name: 'delete',
  syntax: '[-v version] path',
  rules: { options: [valued('v', 'version')] },
  minWords: 2,
  async run({ zk, output }, line) {
    if (line.words.length > 2) {
      output.err(
        "'delete path [version]' has been deprecated. Please use 'delete [-v version] path' instead.",
      );
    }
    const version = versionOf(line);
    await zk.delete(checkedPath(wordAt(line, 1)), version);
    output.result({ deleted: wordAt(line, 1) });
  },
};

const removeAll: Command = {
  name: 'deleteall',
  syntax: 'path [-b batch size]',
  rules: { options: [valued('b', 'batch size')] },
  minWords: 2,
  async run({ zk, output }, line) {
    const batchSize = line.has('b') ? parseJavaInt(line.value('b')) : 1000;
    if (batchSize === undefined) throw new ShellError('-b argument must be an int value');
    const path = checkedPath(wordAt(line, 1));
    const succeeded = await deleteSubtree(zk, path, batchSize);
    if (!succeeded) output.err('Failed to delete some node(s) in the subtree!');
    output.result({ path, succeeded });
  },
};

const get: Command = {
  name: 'get',
  syntax: '[-s] [-w] [-b] [-x] path',
  rules: {
    options: [
      flag('s', 'Print znode stats additionally'),
      flag('w', 'Watch for changes on the znode'),
      flag('b', 'Output data in base64 format'),
      flag('x', 'Output data in hexdump format'),
    ],
  },
  minWords: 2,
  listsOptions: true,
  oldWatchWord: "'get path [watch]' has been deprecated. Please use 'get [-s] [-w] path' instead.",
  async run({ zk, output, watch }, line) {
    const path = checkedPath(wordAt(line, 1));
    const { data, stat } = await zk.getData(path, line.has('w') ? watch : undefined);
    const shown = data ?? Buffer.from('null');
    output.out(line.has('x') ? hexDump(shown) : shown.toString(line.has('b') ? 'base64' : 'utf8'));
    if (line.has('s')) output.out(statLines(stat));
    output.result({ path, ...dataJson(data), stat: statJson(stat) });
  },
};

const set: Command = {
  name: 'set',
  syntax: 'path data [-s] [-v version] [-b]',
  rules: {
    options: [
      flag('s', 'Print znode stats additionally'),
      valued('v', 'Set with an expected version'),
      flag('b', 'Supply data in base64 format'),
    ],
  },
  minWords: 3,
  listsOptions: true,
  async run({ zk, output }, line) {
    const text = wordAt(line, 2);
    if (line.has('b') && !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3}={0,2})?$/.test(text)) {
      throw new ShellError(`${text} is not base64`);
    }
    const version = versionOf(line);
    const path = checkedPath(wordAt(line, 1));
    const stat = await zk.setData(path, Buffer.from(text, line.has('b') ? 'base64' : 'utf8'), version);
    if (line.has('s')) output.out(statLines(stat));
    output.result({ path, stat: statJson(stat) });
  },
};

const ls: Command = {
  name: 'ls',
  syntax: '[-s] [-w] [-R] path',
  rules: { options: [flag('?', 'help'), flag('s', 'stat'), flag('w', 'watch'), flag('R', 'recurse')] },
  minWords: 1,
  oldWatchWord: "'ls path [watch]' has been deprecated. Please use 'ls [-w] path' instead.",
  async run(context, line) {
    const { zk, output, watch } = context;
    if (line.has('?')) output.out(usageOfLs);
    if (line.words.length < 2) throw new ShellError(usageOf(ls));
    const path = checkedPath(wordAt(line, 1));
    if (line.has('R')) {
      await listRecursively(context, path, line.has('w'));
      return;
    }
    const { children, stat } = await zk.getChildren2(path, line.has('w') ? watch : undefined);
    children.sort();
    output.out(`[${children.join(', ')}]`);
    if (line.has('s')) output.out(statLines(stat));
    output.result({ path, children, stat: statJson(stat) });
  },
};

const usageOfLs = `usage: ls [options] path
 -?   help
 -R   recurse
 -s   stat
 -w   watch`;

async function listRecursively({ zk, output, watch }: CommandContext, path: string, isWatched: boolean) {
  const paths: string[] = [];
  const own = isWatched ? watch : undefined;
  if (isWatched) await zk.getData(path, watch);
  await visitSubtree(
    zk,
    path,
    (each) => {
      paths.push(each);
      output.out(each);
    },
    (each) => zk.getChildren(each, own),
  );
  output.result({ paths });
}

const stat: Command = {
  name: 'stat',
  syntax: '[-w] path',
  rules: { options: [flag('w', 'watch')] },
  minWords: 2,
  oldWatchWord: "'stat path [watch]' has been deprecated. Please use 'stat [-w] path' instead.",
  async run({ zk, output, watch }, line) {
    const path = checkedPath(wordAt(line, 1));
    const found = await zk.exists(path, line.has('w') ? watch : undefined);
    if (found === null) throw new ShellError(`Node does not exist: ${path}`, { code: 'NONODE' });
    output.out(statLines(found));
    output.result({ path, stat: statJson(found) });
  },
};

const sync: Command = {
  name: 'sync',
  syntax: 'path',
  rules: { options: [] },
  minWords: 2,
  async run({ zk, output }, line) {
    await zk.sync(checkedPath(wordAt(line, 1)));
    output.out('Sync is OK');
    output.result({ synced: true });
  },
};

const getAllChildrenNumber: Command = {
  name: 'getAllChildrenNumber',
  syntax: 'path',
  rules: { options: [] },
  minWords: 2,
  async run({ zk, output }, line) {
    const path = checkedPath(wordAt(line, 1));
    const count = await zk.getAllChildrenNumber(path);
    output.out(String(count));
    output.result({ path, count });
  },
};

const getEphemerals: Command = {
  name: 'getEphemerals',
  syntax: 'path',
  rules: { options: [] },
  minWords: 1,
  async run({ zk, output }, line) {
    const ephemerals = await zk.getEphemerals(checkedPath(line.words[1] ?? '/'));
    output.out(`[${ephemerals.join(', ')}]`);
    output.result({ ephemerals });
  },
};

export const nodeCommands: readonly Command[] = [
  create,
  remove,
  removeAll,
  get,
  set,
  ls,
  stat,
  sync,
  getAllChildrenNumber,
  getEphemerals,
];
