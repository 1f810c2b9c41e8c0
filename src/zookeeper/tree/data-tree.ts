import { assert } from '../../base/assert.ts';
import type { ACL, Stat, StatPersisted } from '../../wire/zookeeper/data.ts';
import { ErrorCode } from '../../wire/zookeeper/errors.ts';
import {
  formatUsage,
  LIMIT_NODE,
  parseStatsTrack,
  QUOTA_PATH,
  USAGE_NODE,
  usagePath,
} from '../../wire/zookeeper/quota.ts';
import { OPEN_ACL_ID } from '../../wire/zookeeper/snapshot.ts';
import type { TxnEntry } from '../../wire/zookeeper/txn-entry.ts';
import { AclCache, READ_ACL } from './acl-cache.ts';
import { DataNode, newStat, wireStat } from './data-node.ts';
import { type EphemeralKind, ephemeralKind } from './ephemeral-type.ts';
import { CONFIG_PATH, childName, parentPath, SYSTEM_PATH } from './path.ts';
import { QuotaPaths } from './quota-paths.ts';
import { nodeDigest, TreeDigest } from './tree-digest.ts';

/**
 * Is told what changed, in the turn of the change. The ACL says who may know: for a deleted node the one it
 * had. Every creation and deletion is also a change of the parent's children.
 */
export interface TreeListener {
  nodeCreated(change: NodeChange): void;
  nodeDeleted(change: NodeChange): void;
  dataChanged(path: string, acl: readonly ACL[], zxid: number): void;
}

export interface NodeChange {
  path: string;
  acl: readonly ACL[];
  parentPath: string;
  parentAcl: readonly ACL[];
  zxid: number;
}

/**
 * Sees every transaction right after the tree has applied it, those of a replay included: for checks of whole
 * servers from outside.
 */
export type TxnObserver = (tree: DataTree, entry: TxnEntry) => void;

export interface DataTreeOptions {
  observer?: TxnObserver | undefined;
  /** zookeeper.extendedTypesEnabled: whether TTL nodes exist. */
  extendedTypes?: boolean;
  /** zookeeper.digest.enabled: whether to keep the tree digest. */
  digest?: boolean;
}

export interface CreateNode {
  path: string;
  data: Buffer | null;
  acl: readonly ACL[] | null;
  ephemeralOwner: bigint;
  /** The cversion that the parent gets; -1 counts from what it has (logs from before 3.4). */
  parentCVersion: number;
  zxid: number;
  timeMs: number;
}

const NO_PATHS: ReadonlySet<string> = new Set();

/**
 * The tree of znodes in memory, and the rules by which transactions change it (DataTree of ZooKeeper 3.9).
 * Changes are idempotent, so that the log may be replayed over a snapshot that already has some of them:
 * they give an error code instead of failing. Nobody else may change a node that the tree hands out.
 */
export class DataTree {
  /** Zxid of the last transaction applied. */
  lastProcessedZxid = 0;
  private readonly nodes = new Map<string, DataNode>();
  private readonly acls = new AclCache();
  private readonly ephemerals = new Map<bigint, Set<string>>();
  private readonly containerPaths = new Set<string>();
  private readonly ttlPaths = new Set<string>();
  private readonly quotas = new QuotaPaths();
  private readonly treeDigest = new TreeDigest();
  private readonly keepsDigest: boolean;
  readonly extendedTypes: boolean;
  readonly observer: TxnObserver | undefined;
  private listener: TreeListener | undefined;
  private dataBytes = 0;

  constructor(options: DataTreeOptions = {}) {
    this.observer = options.observer;
    this.extendedTypes = options.extendedTypes ?? false;
    this.keepsDigest = options.digest ?? true;
    this.addSystemNodes();
  }

  private addSystemNodes(): void {
    for (const path of ['/', SYSTEM_PATH, QUOTA_PATH]) this.addSystemNode(path, OPEN_ACL_ID, 0);
    this.addSystemNode(CONFIG_PATH, this.acls.take(READ_ACL), -1);
  }

  private addSystemNode(path: string, acl: number, aversion: number): void {
    const node = new DataNode(Buffer.alloc(0), acl, { ...newStat(0, 0, 0n), aversion });
    this.nodes.set(path, node);
    this.countDigest(path, node);
    this.dataBytes += path.length;
    if (path !== '/') this.nodes.get(parentPath(path) ?? '/')?.addChild(childName(path));
  }

  /** At most one listener; set after loading, for nobody watches a replay. */
  listen(listener: TreeListener): void {
    this.listener = listener;
  }

  // Reading

  /** The empty path is another name of the root. */
  get(path: string): DataNode | undefined {
    return this.nodes.get(path === '' ? '/' : path);
  }

  aclOf(node: DataNode): readonly ACL[] {
    return this.acls.resolve(node.acl);
  }

  statOf(node: DataNode): Stat {
    return wireStat(node, this.kindOf(node.stat) === 'ephemeral');
  }

  kindOf(stat: StatPersisted): EphemeralKind {
    return ephemeralKind(stat.ephemeralOwner, this.extendedTypes);
  }

  /** Apache counts the root twice, and so do its users' thresholds. */
  get nodeCount(): number {
    return this.nodes.size + 1;
  }

  get aclCount(): number {
    return this.acls.size;
  }

  /** Characters of all paths plus bytes of all data. */
  get approximateDataBytes(): number {
    return this.dataBytes;
  }

  get ephemeralCount(): number {
    let count = 0;
    for (const paths of this.ephemerals.values()) count += paths.size;
    return count;
  }

  /** Sum of all node digests modulo 2^64, signed; 0 when digests are off. */
  get digest(): bigint {
    return this.treeDigest.value;
  }

  get hasDigest(): boolean {
    return this.keepsDigest;
  }

  /** The node's share of the tree digest. */
  digestOf(path: string, node: DataNode): number {
    if (!this.keepsDigest) return 0;
    if (node.digest === -1) node.digest = nodeDigest(path, node.data, node.stat);
    return node.digest;
  }

  ephemeralsOf(sessionId: bigint): ReadonlySet<string> {
    return this.ephemerals.get(sessionId) ?? NO_PATHS;
  }

  /** Sessions that own ephemerals, with their paths. */
  sessionsWithEphemerals(): Iterable<[sessionId: bigint, paths: ReadonlySet<string>]> {
    return this.ephemerals;
  }

  containers(): Iterable<string> {
    return this.containerPaths;
  }

  ttlNodes(): Iterable<string> {
    return this.ttlPaths;
  }

  /** The deepest path with a quota at or above `path`. */
  quotaCovering(path: string): string | undefined {
    return this.quotas.covering(path);
  }

  quotaPaths(): Iterable<string> {
    return this.quotas.values();
  }

  /** Every node below `path`, at any depth. */
  descendantCount(path: string): number {
    if (path === '/') return this.nodes.size - 1;
    const prefix = `${path}/`;
    let count = 0;
    for (const key of this.nodes.keys()) if (key.startsWith(prefix)) count++;
    return count;
  }

  // Changing

  /** NONODE without a parent; NODEEXISTS gives the node that is there the new ACL, as a replay needs it. */
  createNode(create: CreateNode): DataNode | ErrorCode {
    const { path, zxid } = create;
    const parentKey = parentPath(path);
    const parent = parentKey === undefined ? undefined : this.nodes.get(parentKey);
    if (parent === undefined || parentKey === undefined) return ErrorCode.NONODE;
    const existing = this.nodes.get(path);
    if (existing !== undefined) {
      this.replaceAcl(existing, create.acl);
      this.raiseCversion(parentKey, parent, create.parentCVersion, zxid);
      return ErrorCode.NODEEXISTS;
    }
    this.raiseCversion(parentKey, parent, create.parentCVersion, zxid);
    const name = childName(path);
    parent.addChild(name);
    const stat = newStat(zxid, create.timeMs, create.ephemeralOwner);
    const node = new DataNode(create.data, this.acls.take(create.acl), stat);
    this.nodes.set(path, node);
    this.countDigest(path, node);
    this.dataBytes += sizeOf(path, node.data);
    this.trackKind(path, stat);
    this.countCreatedForQuota(path, parentKey, name, node);
    if (this.listener !== undefined) {
      const acl = this.aclOf(node);
      this.listener.nodeCreated({ path, acl, parentPath: parentKey, parentAcl: this.aclOf(parent), zxid });
    }
    return node;
  }

  /** NONODE where there is nothing; the parent's pzxid moves on all the same, as a replay needs it. */
  deleteNode(path: string, zxid: number): ErrorCode {
    const parentKey = parentPath(path);
    const parent = parentKey === undefined ? undefined : this.nodes.get(parentKey);
    if (parent === undefined || parentKey === undefined) return ErrorCode.NONODE;
    const name = childName(path);
    parent.removeChild(name);
    if (zxid > parent.stat.pzxid) {
      this.uncountDigest(parentKey, parent);
      parent.stat.pzxid = zxid;
      this.countDigest(parentKey, parent);
    }
    const node = this.nodes.get(path);
    if (node === undefined) return ErrorCode.NONODE;
    this.uncountDigest(path, node);
    this.nodes.delete(path);
    const acl = this.aclOf(node);
    this.acls.release(node.acl);
    this.dataBytes -= sizeOf(path, node.data);
    this.untrackKind(path, node.stat);
    if (name === LIMIT_NODE && parentKey.startsWith(`${QUOTA_PATH}/`)) {
      this.quotas.delete(parentKey.slice(QUOTA_PATH.length));
    }
    this.countUsage(path, -1, node.data === null ? 0 : -node.data.length);
    this.listener?.nodeDeleted({ path, acl, parentPath: parentKey, parentAcl: this.aclOf(parent), zxid });
    return ErrorCode.OK;
  }

  setData(
    path: string,
    data: Buffer | null,
    change: { version: number; zxid: number; timeMs: number },
  ): ErrorCode {
    const node = this.nodes.get(path);
    if (node === undefined) return ErrorCode.NONODE;
    const growth = (data === null ? 0 : data.length) - (node.data === null ? 0 : node.data.length);
    this.uncountDigest(path, node);
    node.data = data;
    node.stat.mtime = change.timeMs;
    node.stat.mzxid = change.zxid;
    node.stat.version = change.version;
    this.countDigest(path, node);
    this.dataBytes += growth;
    this.countUsage(path, 0, growth);
    this.listener?.dataChanged(path, this.aclOf(node), change.zxid);
    return ErrorCode.OK;
  }

  setAcl(path: string, acl: readonly ACL[] | null, version: number): ErrorCode {
    const node = this.nodes.get(path);
    if (node === undefined) return ErrorCode.NONODE;
    this.replaceAcl(node, acl);
    this.uncountDigest(path, node);
    node.stat.aversion = version;
    this.countDigest(path, node);
    return ErrorCode.OK;
  }

  /**
   * Deletes the ephemerals of a session: those that the transaction lists, then those that only this tree
   * knows of (logs from before 3.6 list none).
   */
  closeSession(sessionId: bigint, zxid: number, listed: readonly (string | null)[]): void {
    for (const path of listed) if (path !== null) this.deleteNode(path, zxid);
    for (const path of [...this.ephemeralsOf(sessionId)]) this.deleteNode(path, zxid);
    this.ephemerals.delete(sessionId);
  }

  private raiseCversion(path: string, node: DataNode, cversion: number, zxid: number): void {
    const wanted = cversion === -1 ? (node.stat.cversion + 1) | 0 : cversion;
    if (wanted <= node.stat.cversion) return;
    this.uncountDigest(path, node);
    node.stat.cversion = wanted;
    node.stat.pzxid = zxid;
    this.countDigest(path, node);
  }

  private replaceAcl(node: DataNode, acl: readonly ACL[] | null): void {
    const old = node.acl;
    node.acl = this.acls.take(acl);
    this.acls.release(old);
  }

  private trackKind(path: string, stat: StatPersisted): void {
    if (stat.ephemeralOwner === 0n) return;
    const kind = this.kindOf(stat);
    if (kind === 'container') this.containerPaths.add(path);
    else if (kind === 'ttl') this.ttlPaths.add(path);
    else {
      const paths = this.ephemerals.get(stat.ephemeralOwner);
      if (paths === undefined) this.ephemerals.set(stat.ephemeralOwner, new Set([path]));
      else paths.add(path);
    }
  }

  private untrackKind(path: string, stat: StatPersisted): void {
    if (stat.ephemeralOwner === 0n) return;
    this.containerPaths.delete(path);
    this.ttlPaths.delete(path);
    const paths = this.ephemerals.get(stat.ephemeralOwner);
    if (paths?.delete(path) && paths.size === 0) this.ephemerals.delete(stat.ephemeralOwner);
  }

  // Digest

  private countDigest(path: string, node: DataNode): void {
    if (!this.keepsDigest) return;
    node.digest = nodeDigest(path, node.data, node.stat);
    this.treeDigest.add(node.digest);
  }

  private uncountDigest(path: string, node: DataNode): void {
    if (this.keepsDigest) this.treeDigest.remove(this.digestOf(path, node));
  }

  // Quotas

  private countCreatedForQuota(path: string, parentKey: string, name: string, node: DataNode): void {
    if (parentKey.startsWith(`${QUOTA_PATH}/`)) {
      const limited = parentKey.slice(QUOTA_PATH.length);
      if (name === LIMIT_NODE) this.quotas.add(limited);
      if (name === USAGE_NODE) this.recountUsage(limited);
    }
    this.countUsage(path, 1, node.data === null ? 0 : node.data.length);
  }

  /** Usage nodes are kept by every server for itself: no transaction, no version, no watch. */
  private countUsage(path: string, nodes: number, bytes: number): void {
    const limited = this.quotas.covering(path);
    if (limited === undefined) return;
    const usageNode = this.nodes.get(usagePath(limited));
    if (usageNode === undefined) return;
    const usage = parseStatsTrack(usageNode.data);
    usageNode.data = formatUsage(usage.count + nodes, usage.bytes + bytes);
  }

  private recountUsage(limited: string): void {
    const usageNode = this.nodes.get(usagePath(limited));
    if (usageNode === undefined) return;
    let count = 0;
    let bytes = 0;
    for (const [, node] of this.walk(limited)) {
      count++;
      bytes += node.data === null ? 0 : node.data.length;
    }
    usageNode.data = formatUsage(count, bytes);
  }

  // Snapshots

  /** The ACLs in use, by the number that nodes carry in `acl`. A snapshot lists them before the nodes. */
  snapshotAcls(): Iterable<[id: number, acl: readonly ACL[]]> {
    return this.acls.entries();
  }

  /**
   * Every node, parents before children, the root as the empty path. The tree may change between two steps:
   * what comes out is then a fuzzy snapshot, which the log from its first zxid on completes. Copy or encode a
   * node before taking the next step.
   */
  snapshotNodes(): Iterable<[path: string, node: DataNode]> {
    return this.walk('/');
  }

  private *walk(top: string): Iterable<[path: string, node: DataNode]> {
    const pending = [top];
    for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
      const node = this.nodes.get(path);
      if (node === undefined) continue;
      const children = node.children === undefined ? [] : [...node.children];
      yield [path === '/' ? '' : path, node];
      const prefix = path === '/' ? '' : path;
      for (let i = children.length - 1; i >= 0; i--) pending.push(`${prefix}/${children[i]}`);
    }
  }

  /** Makes the tree what it is in a new database. */
  reset(): void {
    this.beginRestore();
    this.addSystemNodes();
    this.lastProcessedZxid = 0;
  }

  /** Empties the tree, to be filled by restoreAcl, restoreNode and endRestore, in this order. */
  beginRestore(): void {
    this.nodes.clear();
    this.acls.clear();
    this.ephemerals.clear();
    this.containerPaths.clear();
    this.ttlPaths.clear();
    this.quotas.clear();
    this.treeDigest.clear();
    this.dataBytes = 0;
  }

  restoreAcl(id: number, acl: readonly ACL[]): void {
    this.acls.restore(id, acl);
  }

  /** Adds a node; parents come first, the root as the empty path. False when its parent is missing. */
  restoreNode(path: string, data: Buffer | null, aclId: number, stat: StatPersisted): boolean {
    const key = path === '' ? '/' : path;
    if (key !== '/') {
      const parent = this.nodes.get(parentPath(key) ?? '');
      if (parent === undefined) return false;
      parent.addChild(childName(key));
      this.trackKind(key, stat);
    }
    const node = new DataNode(data, this.acls.takeRestored(aclId), stat);
    this.nodes.set(key, node);
    this.countDigest(key, node);
    this.dataBytes += sizeOf(key, data);
    return true;
  }

  /** Finds the quotas again, counts their usage, and forgets ACLs that no node uses. */
  endRestore(): void {
    assert(this.nodes.has('/'), 'a restored tree has a root');
    for (const path of this.nodes.keys()) {
      if (!path.startsWith(`${QUOTA_PATH}/`) || childName(path) !== LIMIT_NODE) continue;
      const limited = path.slice(QUOTA_PATH.length, -LIMIT_NODE.length - 1);
      this.quotas.add(limited);
      this.recountUsage(limited);
    }
    this.acls.purgeUnused();
  }
}

function sizeOf(path: string, data: Buffer | null): number {
  return path.length + (data === null ? 0 : data.length);
}
