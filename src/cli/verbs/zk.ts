import { parseConnectString } from '../../clients/zookeeper/connect-string.ts';
import { deleteSubtree, visitSubtree } from '../../clients/zookeeper/subtree.ts';
import { ZooKeeperClient } from '../../clients/zookeeper/zookeeper-client.ts';
import { isZooKeeperError } from '../../clients/zookeeper/zookeeper-error.ts';
import { fourLetterWord } from '../four-letter-word.ts';
import { parseMonitor, parseServer } from './four-letter-answers.ts';
import { type CommonFlags, EXIT, UsageError, type VerbContext } from './verb.ts';

interface ZooKeeperFlags extends CommonFlags {
  readonly zookeeper?: string;
  readonly timeout?: number;
  readonly recursive?: boolean;
  readonly long?: boolean;
  readonly base64?: boolean;
  readonly version?: number;
  readonly ephemeral?: boolean;
  readonly sequential?: boolean;
  readonly parents?: boolean;
}

type Context = VerbContext<ZooKeeperFlags>;
type Stat = NonNullable<Awaited<ReturnType<ZooKeeperClient['exists']>>>;

function connectStringOf({ flags }: Context): string {
  return flags.zookeeper ?? process.env['ZOOKEEPER_CONNECT'] ?? '127.0.0.1:2181';
}

/** Runs `work` in a session of its own. */
async function inSession(
  context: Context,
  work: (client: ZooKeeperClient) => Promise<number>,
): Promise<number> {
  const { env, flags } = context;
  const sessionTimeoutMs = flags.timeout ?? 10_000;
  const client = await ZooKeeperClient.connect(env, {
    connectString: connectStringOf(context),
    sessionTimeoutMs,
    connectTimeoutMs: sessionTimeoutMs,
    readOnly: true,
  });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

function pathOf({ args }: Context): string {
  const [path = '/'] = args;
  if (!path.startsWith('/')) throw new UsageError(`${path}: a path begins with /`);
  return path;
}

const nodeOf = (path: string, stat: Stat) => ({
  path,
  dataLength: stat.dataLength,
  children: stat.numChildren,
  version: stat.version,
  ephemeralOwner: stat.ephemeralOwner === 0n ? null : `0x${stat.ephemeralOwner.toString(16)}`,
});

/** `zk ls` */
export function list(context: Context): Promise<number> {
  const { output, flags } = context;
  const path = pathOf(context);
  return inSession(context, async (client) => {
    const paths: string[] = [];
    if (flags.recursive === true) {
      await visitSubtree(client, path, (each) => {
        paths.push(each);
      });
      paths.sort();
    } else {
      const names = (await client.getChildren(path)).sort();
      paths.push(...names.map((name) => (path === '/' ? `/${name}` : `${path}/${name}`)));
    }
    if (flags.long !== true) {
      output.result({ path, nodes: paths.map((each) => ({ path: each })) }, () => {
        for (const each of paths) output.line(each);
      });
      return EXIT.ok;
    }
    const stats = await Promise.all(paths.map((each) => client.exists(each)));
    // Gone between the two looks: no longer there to be listed.
    const nodes = stats.flatMap((stat, index) => (stat === null ? [] : [nodeOf(paths[index] ?? '', stat)]));
    output.result({ path, nodes }, () => {
      output.table(
        ['PATH', 'BYTES', 'CHILDREN', 'VERSION', 'EPHEMERAL OF'],
        nodes.map((node) => [node.path, node.dataLength, node.children, node.version, node.ephemeralOwner]),
      );
    });
    return EXIT.ok;
  });
}

/** `zk get`. Data that is no text comes in base64 with `--json`. */
export function get(context: Context): Promise<number> {
  const { output, flags } = context;
  const path = pathOf(context);
  return inSession(context, async (client) => {
    const { data, stat } = await client.getData(path);
    const text = data?.toString('utf8');
    const isText = data === null || (text !== undefined && Buffer.from(text, 'utf8').equals(data));
    const asBase64 = flags.base64 === true || (output.json && !isText);
    const shown = data === null ? null : asBase64 ? data.toString('base64') : (text ?? '');
    const encoding = asBase64 ? 'base64' : 'utf8';
    output.result({ ...nodeOf(path, stat), encoding, data: shown }, () => output.line(shown ?? ''));
    return EXIT.ok;
  });
}

/** `zk stat` */
export function stat(context: Context): Promise<number> {
  const { output } = context;
  const path = pathOf(context);
  return inSession(context, async (client) => {
    const found = await client.exists(path);
    if (found === null) {
      output.error('NONODE', `there is no node ${path}`);
      return EXIT.failed;
    }
    const hex = (value: bigint | number) => `0x${value.toString(16)}`;
    const facts = {
      path,
      czxid: hex(found.czxid),
      mzxid: hex(found.mzxid),
      pzxid: hex(found.pzxid),
      created: new Date(Number(found.ctime)).toISOString(),
      modified: new Date(Number(found.mtime)).toISOString(),
      version: found.version,
      childrenVersion: found.cversion,
      aclVersion: found.aversion,
      ephemeralOwner: found.ephemeralOwner === 0n ? null : hex(found.ephemeralOwner),
      dataLength: found.dataLength,
      children: found.numChildren,
    };
    output.result(facts, () => output.table(['FACT', 'VALUE'], Object.entries(facts)));
    return EXIT.ok;
  });
}

/** `zk set` */
export function set(context: Context): Promise<number> {
  const { output, flags, args } = context;
  const path = pathOf(context);
  return inSession(context, async (client) => {
    const changed = await client.setData(path, Buffer.from(args[1] ?? ''), flags.version ?? -1);
    output.result(nodeOf(path, changed), () => output.line(`${path} has version ${changed.version}`));
    return EXIT.ok;
  });
}

/** `zk create` */
export function create(context: Context): Promise<number> {
  const { output, flags, args } = context;
  const path = pathOf(context);
  const kind = flags.ephemeral === true ? 'ephemeral' : 'persistent';
  const mode = flags.sequential === true ? (`${kind}Sequential` as const) : kind;
  return inSession(context, async (client) => {
    if (flags.parents === true) await createParents(client, path);
    const created = await client.create(path, Buffer.from(args[1] ?? ''), { mode });
    output.result({ path: created }, () => output.line(created));
    return EXIT.ok;
  });
}

async function createParents(client: ZooKeeperClient, path: string): Promise<void> {
  const names = path.split('/').slice(1, -1);
  for (let depth = 1; depth <= names.length; depth++) {
    const parent = `/${names.slice(0, depth).join('/')}`;
    try {
      await client.create(parent);
    } catch (error) {
      if (!isZooKeeperError(error, 'NODEEXISTS')) throw error;
    }
  }
}

/** `zk delete` */
export function remove(context: Context): Promise<number> {
  const { output, flags } = context;
  const path = pathOf(context);
  return inSession(context, async (client) => {
    if (flags.recursive === true) {
      if (!(await deleteSubtree(client, path))) {
        output.error('REFUSED', `some nodes below ${path} could not be deleted: others may be changing them`);
        return EXIT.failed;
      }
    } else {
      await client.delete(path, flags.version ?? -1);
    }
    output.result({ path, deleted: true }, () => output.line(`deleted ${path}`));
    return EXIT.ok;
  });
}

/** `zk status`: what the servers of the connect string say of themselves. */
export async function status(context: Context): Promise<number> {
  const { env, output } = context;
  const { servers } = parseConnectString(connectStringOf(context));
  const shown = await Promise.all(
    servers.map(async ({ host, port }) => {
      const answer = await fourLetterWord(env, host, port, 'srvr');
      const monitor = parseMonitor(await fourLetterWord(env, host, port, 'mntr'));
      const server = answer === undefined ? undefined : parseServer(answer);
      return {
        address: `${host}:${port}`,
        mode: server?.mode ?? null,
        version: server?.version ?? null,
        zxid: server?.zxid ?? null,
        nodes: server?.nodes ?? null,
        connections: server?.connections ?? null,
        syncedFollowers: numberOf(monitor.get('zk_synced_followers')),
        error: answer === undefined ? 'no answer' : server === undefined ? answer.trim() : null,
      };
    }),
  );
  output.result({ servers: shown }, () => {
    output.table(
      ['SERVER', 'MODE', 'ZXID', 'NODES', 'CONNECTIONS', 'STATE'],
      shown.map((server) => [
        server.address,
        server.mode,
        server.zxid,
        server.nodes,
        server.connections,
        server.error ?? 'ok',
      ]),
    );
  });
  return shown.some(({ error }) => error !== null) ? EXIT.failed : EXIT.ok;
}

function numberOf(text: string | undefined): number | null {
  return text === undefined ? null : Number(text);
}
