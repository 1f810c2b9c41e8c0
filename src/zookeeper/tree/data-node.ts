import type { Stat, StatPersisted } from '../../wire/zookeeper/data.ts';

/** One znode. Its path is its key in the tree; children are names, not paths. */
export class DataNode {
  data: Buffer | null;
  /** The number of the ACL in the tree's {@link AclCache}. */
  acl: number;
  readonly stat: StatPersisted;
  /** Absent until the first child: most nodes are leaves. */
  children: Set<string> | undefined;
  /** The node's share of the tree digest; -1 when it has to be computed again. */
  digest = -1;

  constructor(data: Buffer | null, acl: number, stat: StatPersisted) {
    this.data = data;
    this.acl = acl;
    this.stat = stat;
  }

  get childCount(): number {
    return this.children === undefined ? 0 : this.children.size;
  }

  addChild(name: string): void {
    this.children ??= new Set();
    this.children.add(name);
  }

  removeChild(name: string): void {
    this.children?.delete(name);
  }
}

/** The stat of a node that the transaction `zxid` creates. */
export function newStat(zxid: number, timeMs: number, ephemeralOwner: bigint): StatPersisted {
  return {
    czxid: zxid,
    mzxid: zxid,
    ctime: timeMs,
    mtime: timeMs,
    version: 0,
    cversion: 0,
    aversion: 0,
    ephemeralOwner,
    pzxid: zxid,
  };
}

/** What clients see: containers and TTL nodes have no owner there. `isEphemeral` says whether this one has. */
export function wireStat(node: DataNode, isEphemeral: boolean): Stat {
  const stat = node.stat;
  return {
    czxid: stat.czxid,
    mzxid: stat.mzxid,
    ctime: stat.ctime,
    mtime: stat.mtime,
    version: stat.version,
    // Counts the children ever created plus those deleted, as releases before 3.3 did.
    cversion: (stat.cversion * 2 - node.childCount) | 0,
    aversion: stat.aversion,
    ephemeralOwner: isEphemeral ? stat.ephemeralOwner : 0n,
    dataLength: node.data === null ? 0 : node.data.length,
    numChildren: node.childCount,
    pzxid: stat.pzxid,
  };
}
