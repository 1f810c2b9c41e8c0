export type { ACL as NodeAcl } from '../wire/zookeeper/data.ts';
export { ConnectStringError } from './zookeeper/connect-string.ts';
export type {
  CreateModeName,
  CreateOptions,
  MultiOperation,
  MultiOperationResult,
  MultiReadOperation,
  MultiReadResult,
} from './zookeeper/multi-operations.ts';
export { OPEN_ACL } from './zookeeper/multi-operations.ts';
export type { Quota, QuotaLimits, StatsTrack } from './zookeeper/quotas.ts';
export { deleteQuota, getQuota, QuotaConflictError, setQuota } from './zookeeper/quotas.ts';
export type { Auth, SessionEvent, SessionState } from './zookeeper/session.ts';
export { deleteSubtree, listSubtree, visitSubtree } from './zookeeper/subtree.ts';
export type { Watch, WatchEvent, WatchEventType } from './zookeeper/watches.ts';
export type { NodeData, WatcherTypeName, ZooKeeperClientOptions } from './zookeeper/zookeeper-client.ts';
export { ZooKeeperClient } from './zookeeper/zookeeper-client.ts';
export { isZooKeeperError, ZooKeeperError } from './zookeeper/zookeeper-error.ts';
