import {
  deleteQuota,
  getQuota,
  isZooKeeperError,
  QuotaConflictError,
  type QuotaLimits,
  type StatsTrack,
  setQuota,
  visitSubtree,
} from '../../clients/index.ts';
import { SERVER_VERSION } from '../../zookeeper/server/version.ts';
import { parseAcl, permissionText } from './acl-text.ts';
import { type Command, flag, parseJavaInt, valued, versionOf, wordAt } from './command.ts';
import type { CommandLine } from './command-line.ts';
import { checkedPath } from './path.ts';
import { keeperMessage, ShellError } from './shell-error.ts';
import { statJson, statLines } from './stat-text.ts';

const getAcl: Command = {
  name: 'getAcl',
  syntax: '[-s] path',
  rules: { options: [flag('s', 'stats')] },
  minWords: 2,
  async run({ zk, output }, line) {
    const path = checkedPath(wordAt(line, 1));
    const { acl, stat } = await zk.getACL(path);
    // Jute's text of an identity ends with a line break.
    for (const { id, perms } of acl) output.out(`'${id.scheme},'${id.id}\n: ${permissionText(perms)}`);
    if (line.has('s')) output.out(statLines(stat));
    const entries = acl.map(({ id, perms }) => ({ ...id, perms: permissionText(perms) }));
    output.result({ path, acl: entries, stat: statJson(stat) });
  },
};

const setAcl: Command = {
  name: 'setAcl',
  syntax: '[-s] [-v version] [-R] path acl',
  rules: { options: [flag('s', 'stats'), valued('v', 'version'), flag('R', 'recursive')] },
  minWords: 3,
  async run({ zk, output }, line) {
    const acl = parseAcl(wordAt(line, 2), (problem) => output.err(problem));
    const version = versionOf(line);
    const path = checkedPath(wordAt(line, 1));
    if (!line.has('R')) {
      const stat = await zk.setACL(path, acl, version);
      if (line.has('s')) output.out(statLines(stat));
      output.result({ path, stat: statJson(stat) });
      return;
    }
    const refused: string[] = [];
    await visitSubtree(zk, path, async (each) => {
      try {
        await zk.setACL(each, acl, version);
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'ZooKeeperError') throw error;
        refused.push(each);
        output.out(keeperMessage('code' in error ? String(error.code) : '', each));
      }
    });
    output.result({ path, refused });
  },
};

const addauth: Command = {
  name: 'addauth',
  syntax: 'scheme auth',
  rules: { options: [] },
  minWords: 2,
  async run({ zk, output }, line) {
    try {
      await zk.addAuth(wordAt(line, 1), line.words[2] ?? '');
      output.result({ added: true });
    } catch (error) {
      // The session is over, and has said so.
      if (!isZooKeeperError(error, 'AUTHFAILED')) throw error;
      output.result({ added: false });
    }
  },
};

const whoami: Command = {
  name: 'whoami',
  syntax: '',
  rules: { options: [] },
  minWords: 1,
  async run({ zk, output }) {
    const identities = await zk.whoAmI();
    output.out('Auth scheme: User');
    for (const { authScheme, user } of identities) output.out(`${authScheme}: ${user}`);
    output.result({ identities: identities.map(({ authScheme, user }) => ({ scheme: authScheme, user })) });
  },
};

const version: Command = {
  name: 'version',
  syntax: '',
  rules: { options: [] },
  minWords: 1,
  maxWords: 1,
  async run({ output }) {
    output.out(`ZooKeeper CLI version: ${SERVER_VERSION}`);
    output.result({ version: SERVER_VERSION });
  },
};

const LIMITS: Readonly<Record<string, keyof StatsTrack>> = {
  n: 'count',
  b: 'bytes',
  N: 'countHardLimit',
  B: 'byteHardLimit',
};

const setquota: Command = {
  name: 'setquota',
  syntax: '-n|-b|-N|-B val path',
  rules: {
    options: [
      valued('n', 'num soft quota'),
      valued('b', 'bytes soft quota'),
      valued('N', 'num hard quota'),
      valued('B', 'bytes hard quota'),
    ],
    exclusive: true,
    required: true,
  },
  minWords: 2,
  async run({ zk, output }, line) {
    const path = wordAt(line, 1);
    if (path.startsWith('/zookeeper/quota')) {
      output.err('cannot set a quota under the path: /zookeeper/quota');
      return;
    }
    const limits = limitsOf(line, (problem) => output.err(problem));
    if (limits === undefined) return;
    try {
      const quota = await setQuota(zk, checkedPath(path), limits);
      warnIfExceeded(quota, (text) => output.out(text));
      output.result({ path, limits: quota.limits, usage: quota.usage });
    } catch (error) {
      if (error instanceof QuotaConflictError) throw new ShellError(error.message);
      throw error;
    }
  },
};

function limitsOf(line: CommandLine, tell: (problem: string) => void): QuotaLimits | undefined {
  const limits: QuotaLimits = {};
  for (const [option, limit] of Object.entries(LIMITS)) {
    if (!line.has(option)) continue;
    const isCount = limit === 'count' || limit === 'countHardLimit';
    const text = line.value(option);
    const value = isCount
      ? parseJavaInt(text)
      : /^[+-]?\d{1,15}$/.test(text ?? '')
        ? Number(text)
        : undefined;
    if (value === undefined) {
      tell('NumberFormatException happens when parsing the option value');
      return undefined;
    }
    if (value < (isCount ? 1 : 0)) {
      tell(
        isCount
          ? 'the num quota must be greater than zero'
          : 'the bytes quota must be greater than or equal to zero',
      );
      return undefined;
    }
    limits[limit] = value;
  }
  return limits;
}

function warnIfExceeded(
  quota: { limits: StatsTrack; usage: StatsTrack },
  tell: (text: string) => void,
): void {
  const { limits, usage } = quota;
  const exceeds = (limit: number, used: number) => limit > -1 && limit < used;
  if (exceeds(limits.count, usage.count) || exceeds(limits.countHardLimit, usage.count)) {
    tell(`[Warning]: the count quota you create is less than the existing count:${usage.count}`);
  }
  if (exceeds(limits.bytes, usage.bytes) || exceeds(limits.byteHardLimit, usage.bytes)) {
    tell(`[Warning]: the bytes quota you create is less than the existing bytes:${usage.bytes}`);
  }
}

const listquota: Command = {
  name: 'listquota',
  syntax: 'path',
  rules: { options: [] },
  minWords: 2,
  async run({ zk, output }, line) {
    const path = wordAt(line, 1);
    output.err(`absolute path is /zookeeper/quota${path}/zookeeper_limits`);
    try {
      checkedPath(`/zookeeper/quota${path}/zookeeper_limits`);
      const quota = await getQuota(zk, path);
      output.out(`Output quota for ${path} ${quota.limitsText}`);
      output.out(`Output stat for ${path} ${quota.usageText}`);
      output.result({ path, limits: quota.limits, usage: quota.usage });
    } catch (error) {
      if (!isZooKeeperError(error, 'NONODE')) throw error;
      output.err(`quota for ${path} does not exist.`);
      output.result({ path, limits: null, usage: null });
    }
  },
};

const delquota: Command = {
  name: 'delquota',
  syntax: '[-n|-b|-N|-B] path',
  rules: {
    options: [
      flag('n', 'num soft quota'),
      flag('b', 'bytes soft quota'),
      flag('N', 'num hard quota'),
      flag('B', 'bytes hard quota'),
    ],
    exclusive: true,
  },
  minWords: 2,
  async run({ zk, output }, line) {
    const path = wordAt(line, 1);
    const limits = Object.entries(LIMITS).flatMap(([option, limit]) => (line.has(option) ? [limit] : []));
    checkedPath(`/zookeeper/quota${path}/zookeeper_limits`);
    const existed = await deleteQuota(zk, path, limits);
    if (!existed) output.out(`Quota does not exist for ${path}`);
    output.result({ path, existed });
  },
};

export const accessCommands: readonly Command[] = [
  getAcl,
  setAcl,
  addauth,
  whoami,
  version,
  setquota,
  listquota,
  delquota,
];
