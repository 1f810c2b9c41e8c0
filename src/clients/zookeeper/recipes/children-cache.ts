import { childOf } from '../retry.ts';
import type { ZooKeeperClient } from '../zookeeper-client.ts';
import { type CachedNode, CachedNodes, type CacheOptions } from './cached-nodes.ts';

/** A copy of the children of a node with their data, kept up; changes of the node itself are told as well. */
export class ChildrenCache {
  private readonly nodes: CachedNodes;
  private readonly path: string;

  private constructor(nodes: CachedNodes, path: string) {
    this.nodes = nodes;
    this.path = path;
  }

  /** Resolves when what is there has been read. */
  static async open(
    client: ZooKeeperClient,
    path: string,
    options: CacheOptions = {},
  ): Promise<ChildrenCache> {
    return new ChildrenCache(await CachedNodes.open(client, path, 'children', options), path);
  }

  /** Aborted when it is not kept up any more: the session has ended, or it was closed. */
  get lost(): AbortSignal {
    return this.nodes.lost;
  }

  /** The child of that name. */
  get(name: string): CachedNode | undefined {
    return this.nodes.get(childOf(this.path, name));
  }

  /** The children, sorted by name. */
  children(): CachedNode[] {
    return this.nodes.all().filter(({ path }) => path !== this.path);
  }

  close(): Promise<void> {
    return this.nodes.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
