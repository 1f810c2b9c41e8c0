import {
  ChildrenCache,
  isZooKeeperError,
  listSubtree,
  NodeCache,
  TreeCache,
  withRetries,
  type ZooKeeperClient,
} from '../../../src/clients/zookeeper/index.ts';
import type { Play, Stage } from './play.ts';
import type { Worker } from './worker.ts';

const ROOT = '/recipes/cached';
const PATHS = ['a', 'b', 'a/c', 'a/d', 'b/c', 'a/c/e'].map((path) => `${ROOT}/${path}`);
const CATCH_UP_MS = 10_000;
const LOOK_EVERY_MS = 100;

interface Caches {
  client: ZooKeeperClient;
  node: NodeCache;
  children: ChildrenCache;
  tree: TreeCache;
}

/** When nobody changes a tree any more, all copies of it become equal to it. */
export class CachePlay implements Play {
  readonly name = 'caches';
  private readonly stage: Stage;
  private readonly caches = new Map<string, Caches>();
  private changes = 0;

  constructor(stage: Stage) {
    this.stage = stage;
  }

  async round(worker: Worker): Promise<void> {
    await this.cachesOf(worker);
    const path = PATHS[worker.random.below(PATHS.length)] ?? ROOT;
    const data = Buffer.from(String(this.changes++));
    try {
      const { client } = worker;
      const what = worker.random.below(4);
      if (what === 0) await client.delete(path);
      else if (what === 1) await client.setData(path, data);
      else await client.create(path, data);
    } catch (error) {
      const codes = ['NONODE', 'NODEEXISTS', 'NOTEMPTY', 'CONNECTIONLOSS'] as const;
      if (!codes.some((code) => isZooKeeperError(error, code))) throw error;
    }
  }

  async finish(worker: Worker): Promise<void> {
    const caches = await this.cachesOf(worker);
    const { client } = worker;
    await client.connected();
    let [seen, truth] = ['', ' '];
    try {
      truth = await describeTree(client);
      for (let waitedMs = 0; waitedMs < CATCH_UP_MS; waitedMs += LOOK_EVERY_MS) {
        seen = describeCaches(caches);
        if (seen === truth) return;
        await worker.pause(LOOK_EVERY_MS);
      }
    } catch (error) {
      // A connection that was breaking when the faults stopped: another session or connection sees to it.
      if (isZooKeeperError(error, 'CONNECTIONLOSS')) return this.finish(worker);
      throw error;
    }
    if (client.state !== 'connected') return this.finish(worker);
    this.stage.violated('copies catch up', `${worker.name} has ${seen} of ${truth}`);
  }

  private async cachesOf(worker: Worker): Promise<Caches> {
    const { client } = worker;
    const present = this.caches.get(worker.name);
    if (present?.client === client) return present;
    for (const path of ['/recipes', ROOT]) {
      await withRetries(client, () => client.create(path)).catch(expectIsThere);
    }
    const caches = {
      client,
      node: await NodeCache.open(client, PATHS[0] ?? ROOT),
      children: await ChildrenCache.open(client, ROOT),
      tree: await TreeCache.open(client, ROOT),
    };
    this.caches.set(worker.name, caches);
    return caches;
  }
}

function expectIsThere(error: unknown): void {
  if (!isZooKeeperError(error, 'NODEEXISTS')) throw error;
}

const inOneLine = (node: string, children: readonly string[], tree: readonly string[]): string =>
  `node ${node}; children ${children.join(', ')}; tree ${tree.join(', ')}`;

function describeCaches({ node, children, tree }: Caches): string {
  const line = ({ path, data }: { path: string; data: Buffer | null }): string => `${path}=${data ?? ''}`;
  const one = node.get();
  return inOneLine(
    one === undefined ? 'none' : line(one),
    children.children().map(line),
    tree.all().map(line),
  );
}

async function describeTree(client: ZooKeeperClient): Promise<string> {
  const lines: [string, string][] = [];
  for (const path of (await listSubtree(client, ROOT)).sort()) {
    lines.push([path, `${path}=${(await client.getData(path)).data ?? ''}`]);
  }
  const lineOf = new Map(lines);
  const children = lines.filter(([path]) => /^\/recipes\/cached\/[^/]+$/.test(path));
  return inOneLine(
    lineOf.get(PATHS[0] ?? ROOT) ?? 'none',
    children.map(([, line]) => line),
    lines.map(([, line]) => line),
  );
}
