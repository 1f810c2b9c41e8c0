import type { ZooKeeperClient } from '../zookeeper-client.ts';
import { type CachedNode, CachedNodes, type CacheOptions } from './cached-nodes.ts';

/** A copy of one node, kept up. */
export class NodeCache {
  private readonly nodes: CachedNodes;
  private readonly path: string;

  private constructor(nodes: CachedNodes, path: string) {
    this.nodes = nodes;
    this.path = path;
  }

  /** Resolves when what is there has been read. */
  static async open(client: ZooKeeperClient, path: string, options: CacheOptions = {}): Promise<NodeCache> {
    return new NodeCache(await CachedNodes.open(client, path, 'node', options), path);
  }

  /** Aborted when it is not kept up any more: the session has ended, or it was closed. */
  get lost(): AbortSignal {
    return this.nodes.lost;
  }

  /** Undefined when there is no such node. */
  get(): CachedNode | undefined {
    return this.nodes.get(this.path);
  }

  close(): Promise<void> {
    return this.nodes.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
