/** `streamkeeper/zookeeper-client`: the client of a ZooKeeper ensemble and the recipes built upon it. */
import { createNodeEnv } from '../../env/node/create-node-env.ts';
import { ZooKeeperClient, type ZooKeeperClientOptions } from './zookeeper-client.ts';

export type { ACL as NodeAcl } from '../../wire/zookeeper/data.ts';
export { ConnectStringError } from './connect-string.ts';
export type {
  CreateModeName,
  CreateOptions,
  MultiOperation,
  MultiOperationResult,
  MultiReadOperation,
  MultiReadResult,
} from './multi-operations.ts';
export { OPEN_ACL } from './multi-operations.ts';
export type { Quota, QuotaLimits, StatsTrack } from './quotas.ts';
export { deleteQuota, getQuota, QuotaConflictError, setQuota } from './quotas.ts';
export { Barrier } from './recipes/barrier.ts';
export type { CacheChange, CachedNode, CacheOptions } from './recipes/cached-nodes.ts';
export { ChildrenCache } from './recipes/children-cache.ts';
export type { ContendOptions } from './recipes/contender.ts';
export { Counter } from './recipes/counter.ts';
export type { BarrierRound } from './recipes/double-barrier.ts';
export { DoubleBarrier } from './recipes/double-barrier.ts';
export type { Holding } from './recipes/holding.ts';
export { LeaderElection } from './recipes/leader-election.ts';
export type { HeldLease, LeaseOptions } from './recipes/lease.ts';
export { Lease } from './recipes/lease.ts';
export { Lock } from './recipes/lock.ts';
export { Membership } from './recipes/membership.ts';
export { NodeCache } from './recipes/node-cache.ts';
export { PriorityQueue } from './recipes/priority-queue.ts';
export { Queue } from './recipes/queue.ts';
export { ReadWriteLock } from './recipes/read-write-lock.ts';
export type { RecipeErrorCode } from './recipes/recipe-error.ts';
export { RecipeError } from './recipes/recipe-error.ts';
export { Semaphore } from './recipes/semaphore.ts';
export type { ServiceInstance, ServiceProvider } from './recipes/service-discovery.ts';
export { ServiceDiscovery } from './recipes/service-discovery.ts';
export type { SetPartitionerOptions } from './recipes/set-partitioner.ts';
export { SetPartitioner } from './recipes/set-partitioner.ts';
export { TreeCache } from './recipes/tree-cache.ts';
export type { TakenItem } from './recipes/work-items.ts';
export { createProtected, deleteForSure, withRetries } from './retry.ts';
export type { Auth, SessionEvent, SessionState } from './session.ts';
export { deleteSubtree, listSubtree, visitSubtree } from './subtree.ts';
export type { Watch, WatchEvent, WatchEventType } from './watches.ts';
export type {
  NodeData,
  WatcherTypeName,
  ZooKeeperClientOptions,
  ZooKeeperOperations,
} from './zookeeper-client.ts';
export { ZooKeeperClient } from './zookeeper-client.ts';
export { isZooKeeperError, ZooKeeperError } from './zookeeper-error.ts';

/** A client of this process with a session; see {@link ZooKeeperClient.connect}, which takes another environment. */
export function connectZooKeeper(options: ZooKeeperClientOptions): Promise<ZooKeeperClient> {
  return ZooKeeperClient.connect(createNodeEnv({ logLevel: 'warn' }), options);
}
