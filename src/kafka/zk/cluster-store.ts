import { createRecursive, ensurePath } from './paths.ts';
import { isZooKeeperError } from './port.ts';
import type { ZkConnection } from './zk-connection.ts';
import { clusterIdPath, decodeClusterId, encodeClusterId } from './znodes/cluster-id.ts';
import { delegationTokenPaths, persistentPaths } from './znodes/persistent-paths.ts';

/** Nodes that the cluster as a whole shares. */
export class ClusterStore {
  readonly #zk: ZkConnection;

  constructor(zk: ZkConnection) {
    this.#zk = zk;
  }

  /** Creates the nodes that every broker counts on, in Kafka's order. */
  async ensurePersistentPaths(): Promise<void> {
    for (const path of persistentPaths) await ensurePath(this.#zk, path);
  }

  async ensureDelegationTokenPaths(): Promise<void> {
    for (const path of delegationTokenPaths) await ensurePath(this.#zk, path);
  }

  /** Null before the first broker. */
  async clusterId(): Promise<string | null> {
    try {
      return decodeClusterId((await this.#zk.run((session) => session.getData(clusterIdPath))).data);
    } catch (error) {
      if (isZooKeeperError(error, 'NONODE')) return null;
      throw error;
    }
  }

  /** Proposes an id for a new cluster; returns the one that holds. */
  async createOrGetClusterId(proposed: string): Promise<string> {
    const found = await this.clusterId();
    if (found !== null) return found;
    try {
      await createRecursive(this.#zk, clusterIdPath, encodeClusterId(proposed));
      return proposed;
    } catch (error) {
      if (!isZooKeeperError(error, 'NODEEXISTS')) throw error;
      return (await this.clusterId()) ?? proposed;
    }
  }
}
