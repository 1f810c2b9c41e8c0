import type { ZooKeeperClient } from '../zookeeper-client.ts';
import { type CachedNode, CachedNodes, type CacheOptions } from './cached-nodes.ts';

/** A copy of a node and all below it, kept up. */
export class TreeCache {
  private readonly nodes: CachedNodes;

  private constructor(nodes: CachedNodes) {
    this.nodes = nodes;
  }

  /** Resolves when what is there has been read. */
  static async open(client: ZooKeeperClient, path: string, options: CacheOptions = {}): Promise<TreeCache> {
    return new TreeCache(await CachedNodes.open(client, path, 'tree', options));
  }

  /** Aborted when it is not kept up any more: the session has ended, or it was closed. */
  get lost(): AbortSignal {
    return this.nodes.lost;
  }

  get(path: string): CachedNode | undefined {
    return this.nodes.get(path);
  }

  /** The node and all below it, sorted by path. */
  all(): CachedNode[] {
    return this.nodes.all();
  }

  close(): Promise<void> {
    return this.nodes.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
