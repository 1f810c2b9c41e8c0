import { basename } from 'node:path';
import { hex } from '../../../base/hex.ts';
import type { Disk } from '../../../env/disk.ts';
import type { ACL, StatPersisted } from '../../../wire/zookeeper/data.ts';
import { PersistenceError } from '../../persistence/persistence-error.ts';
import { readSnapshot, type SnapshotTarget } from '../../persistence/snapshot-reader.ts';
import { javaDate } from '../java-date.ts';

const MAX_VALUE_BYTES = 2 ** 30;
const FIRST_INODE = 1001;

export interface SnapshotNode {
  readonly path: string;
  readonly data: Buffer | null;
  readonly stat: StatPersisted;
  readonly aclId: number;
  /** In the order of the file. */
  readonly children: SnapshotNode[];
}

export interface LoadedSnapshot {
  readonly root: SnapshotNode;
  readonly nodeCount: number;
  readonly sessions: ReadonlyMap<bigint, number>;
  readonly ephemeralCounts: ReadonlyMap<bigint, number>;
  /** From the file's name. */
  readonly zxid: number;
}

/** Loads one snapshot file by itself. Rejects with PersistenceError. */
export async function loadSnapshot(disk: Disk, path: string): Promise<LoadedSnapshot> {
  const [, zxidText, ending] = /^snapshot\.([0-9a-f]{1,14})(?:\.(gz|snappy))?$/i.exec(basename(path)) ?? [];
  const compression = ending?.toLowerCase() === 'gz' ? 'gz' : ending === undefined ? 'none' : 'snappy';
  const zxid = zxidText === undefined ? 0 : Number.parseInt(zxidText, 16);
  const tree = new NodeCollector();
  const { sessions } = await readSnapshot(disk, { path, zxid, compression }, tree, MAX_VALUE_BYTES).catch(
    (cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new PersistenceError(`${path} is damaged, or no snapshot: ${reason}`, { cause });
    },
  );
  if (tree.root === undefined) throw new PersistenceError(`${path} has no root node`);
  return {
    root: tree.root,
    nodeCount: tree.nodeCount,
    sessions,
    ephemeralCounts: tree.ephemeralCounts,
    zxid,
  };
}

class NodeCollector implements SnapshotTarget {
  root: SnapshotNode | undefined;
  readonly ephemeralCounts = new Map<bigint, number>();
  private readonly nodes = new Map<string, SnapshotNode>();

  get nodeCount(): number {
    return this.nodes.size;
  }

  beginRestore(): void {
    this.nodes.clear();
  }

  restoreAcl(_id: number, _acl: readonly ACL[]): void {
    // Tools print no ACLs.
  }

  restoreNode(path: string, data: Buffer | null, aclId: number, stat: StatPersisted): boolean {
    const node: SnapshotNode = { path: path === '' ? '/' : path, data, aclId, stat, children: [] };
    this.nodes.set(node.path, node);
    if (stat.ephemeralOwner !== 0n) {
      this.ephemeralCounts.set(stat.ephemeralOwner, (this.ephemeralCounts.get(stat.ephemeralOwner) ?? 0) + 1);
    }
    if (node.path === '/') {
      this.root = node;
      return true;
    }
    const parent = this.nodes.get(path.slice(0, path.lastIndexOf('/')) || '/');
    parent?.children.push(node);
    return parent !== undefined;
  }

  endRestore(): void {
    // Everything is in place already.
  }
}

function paddedHex(value: number | bigint): string {
  const bits = typeof value === 'bigint' ? BigInt.asUintN(64, value) : value;
  return `0x${bits.toString(16).padStart(14, '0')}`;
}

/** What SnapshotFormatter prints, line by line; `withData` shows the data as base64. */
export function* snapshotLines(snapshot: LoadedSnapshot, withData: boolean): Generator<string> {
  let lastZxid = snapshot.zxid;
  // The system nodes that a snapshot leaves out are there in Apache's tree, which counts the root twice.
  yield `ZNode Details (count=${snapshot.nodeCount + 1}):`;
  for (const node of walk(snapshot.root)) {
    lastZxid = Math.max(lastZxid, node.stat.mzxid, node.stat.pzxid);
    yield* nodeLines(node, withData);
  }
  yield '----';
  yield 'Session Details (sid, timeout, ephemeralCount):';
  for (const [id, timeoutMs] of snapshot.sessions) {
    yield `${paddedHex(id)}, ${timeoutMs}, ${snapshot.ephemeralCounts.get(id) ?? 0}`;
  }
  yield '----';
  yield `Last zxid: ${hex(lastZxid)}`;
}

function* walk(node: SnapshotNode): Generator<SnapshotNode> {
  yield node;
  for (const child of node.children) yield* walk(child);
}

function* nodeLines({ path, data, stat }: SnapshotNode, withData: boolean): Generator<string> {
  yield '----';
  yield path;
  yield `  cZxid = ${paddedHex(stat.czxid)}`;
  yield `  ctime = ${javaDate(stat.ctime)}`;
  yield `  mZxid = ${paddedHex(stat.mzxid)}`;
  yield `  mtime = ${javaDate(stat.mtime)}`;
  yield `  pZxid = ${paddedHex(stat.pzxid)}`;
  yield `  cversion = ${stat.cversion}`;
  yield `  dataVersion = ${stat.version}`;
  yield `  aclVersion = ${stat.aversion}`;
  yield `  ephemeralOwner = ${paddedHex(stat.ephemeralOwner)}`;
  yield withData ? `  data = ${data?.toString('base64') ?? ''}` : `  dataLength = ${data?.length ?? 0}`;
}

/** The tree as the disk-usage viewer ncdu reads it (SnapshotFormatter -json). */
export function snapshotJson(snapshot: LoadedSnapshot, timestampMs: number): string {
  let inode = FIRST_INODE;
  const head = { progname: 'SnapshotFormatter.java', progver: '0.01', timestamp: timestampMs };
  const nested = (node: SnapshotNode): unknown => {
    const bytes = node.data?.length ?? 0;
    const name = node.path === '/' ? '/' : basename(node.path);
    const own = { name, asize: bytes, dsize: bytes, dev: 0, ino: inode++ };
    return node.children.length === 0 ? own : [own, ...node.children.map(nested)];
  };
  return JSON.stringify([1, 0, head, nested(snapshot.root)]);
}
