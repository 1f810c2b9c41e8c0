import type { ACL, StatPersisted } from '../../wire/zookeeper/data.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { nodeDigest } from '../tree/tree-digest.ts';

/** A node as it will be once everything proposed so far has been applied. Never altered once published. */
export interface NodeState {
  readonly path: string;
  readonly stat: StatPersisted;
  readonly childCount: number;
  readonly acl: readonly ACL[];
  readonly data: Buffer | null;
  readonly digest: number;
}

interface Change {
  readonly path: string;
  readonly zxid: number;
  /** Undefined once the node is deleted. */
  readonly state: NodeState | undefined;
  /** What the change adds to the tree digest. */
  readonly digestDelta: number;
}

/** Slots of applied changes to keep before the list is compacted. */
const COMPACT_AT = 1024;

/**
 * What transactions that are proposed and not yet applied will have done to the tree: new requests are checked
 * against it, so that they need not wait for each other (ChangeRecord of ZooKeeper 3.9). '/' is the root's only
 * name here, so that a change of its data and one of its children meet.
 */
export class OutstandingChanges {
  private readonly tree: DataTree;
  private readonly newest = new Map<string, Change>();
  private changes: Change[] = [];
  private head = 0;
  private digestDelta = 0;
  /** While a multi is being prepared: what the paths that it changes were before. */
  private undo: Map<string, Change | undefined> | undefined;

  constructor(tree: DataTree) {
    this.tree = tree;
  }

  get size(): number {
    return this.changes.length - this.head;
  }

  get(path: string): NodeState | undefined {
    const change = this.newest.get(path);
    if (change !== undefined) return change.state;
    // Only '/' names the root: the empty path passes no check of a write.
    const node = path === '' ? undefined : this.tree.get(path);
    if (node === undefined) return undefined;
    const { stat, childCount, data } = node;
    return {
      path,
      stat,
      childCount,
      acl: this.tree.aclOf(node),
      data,
      digest: this.tree.digestOf(path, node),
    };
  }

  /** The digest that the tree will have. */
  get digest(): bigint {
    const digest = this.tree.digest;
    return this.digestDelta === 0 ? digest : BigInt.asIntN(64, digest + BigInt(this.digestDelta));
  }

  /** A node that does not exist yet comes into being. */
  create(zxid: number, state: Omit<NodeState, 'digest'>): void {
    this.put(zxid, state, 0);
  }

  /** A node changes; `before` is what {@link get} gave. */
  update(zxid: number, before: NodeState, change: Partial<Omit<NodeState, 'path' | 'digest'>>): void {
    this.put(zxid, { ...before, ...change }, before.digest);
  }

  remove(zxid: number, before: NodeState): void {
    this.push({ path: before.path, zxid, state: undefined, digestDelta: -before.digest });
  }

  private put(zxid: number, state: Omit<NodeState, 'digest'>, digestBefore: number): void {
    const { path, stat, childCount, acl, data } = state;
    const digest = this.tree.hasDigest ? nodeDigest(path, data, stat) : 0;
    const published = { path, stat, childCount, acl, data, digest };
    this.push({ path, zxid, state: published, digestDelta: digest - digestBefore });
  }

  private push(change: Change): void {
    if (this.undo !== undefined && !this.undo.has(change.path)) {
      this.undo.set(change.path, this.newest.get(change.path));
    }
    this.changes.push(change);
    this.newest.set(change.path, change);
    this.digestDelta += change.digestDelta;
  }

  /** From here on changes can be taken back by {@link rollback}, until {@link keep}. Never nested. */
  begin(): void {
    this.undo = new Map();
  }

  keep(): void {
    this.undo = undefined;
  }

  /** Takes back all changes since {@link begin}, which are those of `zxid`. */
  rollback(zxid: number): void {
    for (let last = this.changes.at(-1); last?.zxid === zxid && this.size > 0; last = this.changes.at(-1)) {
      this.changes.pop();
      this.digestDelta -= last.digestDelta;
    }
    for (const [path, before] of this.undo ?? []) {
      if (before === undefined) this.newest.delete(path);
      else this.newest.set(path, before);
    }
    this.undo = undefined;
  }

  /** Everything up to `zxid` is in the tree now. */
  applied(zxid: number): void {
    for (let first = this.changes[this.head]; first !== undefined && first.zxid <= zxid; ) {
      if (this.newest.get(first.path) === first) this.newest.delete(first.path);
      this.digestDelta -= first.digestDelta;
      this.head++;
      first = this.changes[this.head];
    }
    if (this.head === this.changes.length) {
      this.changes = [];
      this.head = 0;
    } else if (this.head > COMPACT_AT && this.head * 2 > this.changes.length) {
      this.changes = this.changes.slice(this.head);
      this.head = 0;
    }
  }

  /** The ephemerals that a session will have. */
  ephemeralsOf(sessionId: bigint): Set<string> {
    const paths = new Set(this.tree.ephemeralsOf(sessionId));
    for (let i = this.head; i < this.changes.length; i++) {
      const change = this.changes[i];
      if (change === undefined) continue;
      if (change.state === undefined) paths.delete(change.path);
      else if (change.state.stat.ephemeralOwner === sessionId) paths.add(change.path);
    }
    return paths;
  }
}
