import type { Stat } from '../../../wire/zookeeper/data.ts';
import { childOf, withRetries } from '../retry.ts';
import type { WatchEvent } from '../watches.ts';
import type { ZooKeeperClient } from '../zookeeper-client.ts';
import { isZooKeeperError } from '../zookeeper-error.ts';
import { RecipeError } from './recipe-error.ts';

export interface CachedNode {
  path: string;
  data: Buffer | null;
  stat: Stat;
}

export interface CacheChange {
  type: 'added' | 'changed' | 'removed';
  /** As it is now; of a removed node, as it was last. */
  node: CachedNode;
}

export interface CacheOptions {
  /** Called for every change that the cache takes in, the first nodes included. */
  onChange?: (change: CacheChange) => void;
}

/** How much of what is below a node is cached. */
export type CacheDepth = 'node' | 'children' | 'tree';

/**
 * A copy of a node, with its children or all below it, kept up by a persistent watch.
 *
 * An event says which path to read anew; paths are read one after another. What happened while there was no
 * connection is not told by persistent watches: everything is read anew on the next one, behind the request that
 * sets the watch again, so that nothing falls in between. States that were over before they were read are skipped.
 */
export class CachedNodes {
  private readonly client: ZooKeeperClient;
  private readonly root: string;
  private readonly depth: CacheDepth;
  private readonly onChange: (change: CacheChange) => void;
  private readonly nodes = new Map<string, CachedNode>();
  /** Paths to read anew, and whether their children are to be listed as well. */
  private readonly stale = new Map<string, boolean>();
  private readonly ended = new AbortController();
  private reading: Promise<void> | undefined;
  private readonly watch = (event: WatchEvent): void => this.changed(event);
  private readonly stopListening: () => void;

  private constructor(client: ZooKeeperClient, root: string, depth: CacheDepth, options: CacheOptions) {
    this.client = client;
    this.root = root;
    this.depth = depth;
    this.onChange = options.onChange ?? (() => undefined);
    this.stopListening = client.addSessionListener((event) => {
      if (event !== 'connected' && event !== 'connectedReadOnly') return;
      for (const path of [root, ...this.nodes.keys()]) this.stale.set(path, true);
      this.readStale();
    });
  }

  /** Resolves when the nodes that are there have been read. The node itself need not be there. */
  static async open(
    client: ZooKeeperClient,
    root: string,
    depth: CacheDepth,
    options: CacheOptions,
  ): Promise<CachedNodes> {
    const cache = new CachedNodes(client, root, depth, options);
    try {
      await withRetries(client, () => client.addWatch(root, cache.watchMode, cache.watch));
      cache.stale.set(root, true);
      cache.readStale();
      while (cache.reading !== undefined) await cache.reading;
      cache.lost.throwIfAborted();
    } catch (error) {
      await cache.close();
      throw error;
    }
    return cache;
  }

  /** Aborted when the session has ended, or the nodes cannot be read: the copy is not kept up any more. */
  get lost(): AbortSignal {
    return this.ended.signal;
  }

  get(path: string): CachedNode | undefined {
    return this.nodes.get(path);
  }

  /** Sorted by path. */
  all(): CachedNode[] {
    return [...this.nodes.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** Ends the watch; the copy stays as it is. */
  async close(): Promise<void> {
    this.end('the cache was closed');
    const type = this.watchMode;
    try {
      await this.client.removeWatches(this.root, type, this.watch, { local: true });
    } catch (error) {
      // Gone with the session, or it was never set.
      if (!isZooKeeperError(error, 'SESSIONEXPIRED') && !isZooKeeperError(error, 'NOWATCHER')) throw error;
    }
  }

  private get watchMode(): 'persistent' | 'persistentRecursive' {
    return this.depth === 'node' ? 'persistent' : 'persistentRecursive';
  }

  private changed({ type, path }: WatchEvent): void {
    if (type === 'sessionEnded') {
      this.end('the session has ended');
      return;
    }
    const isChange = type === 'nodeCreated' || type === 'nodeDataChanged' || type === 'nodeDeleted';
    if (!isChange || !this.isWithin(path)) return;
    this.stale.set(path, this.stale.get(path) ?? false);
    this.readStale();
  }

  private isWithin(path: string): boolean {
    if (path === this.root || this.depth === 'tree') return true;
    return this.depth === 'children' && path.lastIndexOf('/') === childOf(this.root, '').length - 1;
  }

  private readStale(): void {
    if (this.reading !== undefined || this.lost.aborted) return;
    this.reading = this.readAll();
  }

  private async readAll(): Promise<void> {
    try {
      for (const [path, listChildren] of this.stale) {
        this.stale.delete(path);
        await this.read(path, listChildren);
        if (this.lost.aborted) return;
      }
    } catch (error) {
      this.end(error instanceof Error ? error.message : String(error));
    } finally {
      this.reading = undefined;
    }
  }

  private async read(path: string, listChildren: boolean): Promise<void> {
    const { client } = this;
    try {
      const { data, stat } = await withRetries(client, () => client.getData(path), this.lost);
      const known = this.nodes.get(path);
      if (known !== undefined && known.stat.czxid !== stat.czxid) this.remove(path);
      const isNew = known?.stat.czxid !== stat.czxid;
      if (isNew || known.stat.mzxid !== stat.mzxid)
        this.put({ path, data, stat }, isNew ? 'added' : 'changed');
      const hasChildren = this.depth === 'tree' || (this.depth === 'children' && path === this.root);
      if (!hasChildren || !(isNew || listChildren)) return;
      const names = await withRetries(client, () => client.getChildren(path), this.lost);
      for (const name of names) this.stale.set(childOf(path, name), true);
    } catch (error) {
      if (!isZooKeeperError(error, 'NONODE')) throw error;
      this.remove(path);
    }
  }

  private put(node: CachedNode, type: 'added' | 'changed'): void {
    this.nodes.set(node.path, node);
    this.onChange({ type, node });
  }

  /** Takes a node out, what is below it first. */
  private remove(path: string): void {
    const below = childOf(path, '');
    const gone = this.all().filter((node) => node.path === path || node.path.startsWith(below));
    for (const node of gone.reverse()) {
      this.nodes.delete(node.path);
      this.onChange({ type: 'removed', node });
    }
  }

  private end(why: string): void {
    this.stopListening();
    if (!this.lost.aborted) this.ended.abort(new RecipeError('LOST', this.root, why));
  }
}
