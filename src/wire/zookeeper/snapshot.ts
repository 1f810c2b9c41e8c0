import { type Infer, record } from '../jute/record.ts';
import { bigLong, buffer, int, long, ustring, vector } from '../jute/types.ts';
import { ACL, StatPersisted } from './data.ts';

/**
 * The parts of log and snapshot files, in the order in which a snapshot holds them:
 * FileHeader, int count + SnapshotSession*, int count + SnapshotAcl*, (path, DataNode)* ended by the path `/`,
 * Seal, ZxidDigest, Seal, int64 last processed zxid, Seal.
 * Facts from `FileSnap`, `SnapStream`, `DataTree` and `ReferenceCountedACLCache` of 3.9.
 */

export const FileHeader = record('server.persistence.FileHeader', {
  magic: int,
  version: int,
  dbid: bigLong,
});
export type FileHeader = Infer<typeof FileHeader>;

/** `magic` of the file headers: ASCII `ZKLG` and `ZKSN`. */
export const FileMagic = { log: 0x5a4b4c47, snapshot: 0x5a4b534e } as const;

/** `version` of both file headers. */
export const FILE_VERSION = 2;

/** A session that was open when the snapshot began. */
export const SnapshotSession = record('snapshot.Session', { id: bigLong, timeoutMs: int });
export type SnapshotSession = Infer<typeof SnapshotSession>;

/** One ACL list, with the number by which nodes refer to it. */
export const SnapshotAcl = record('snapshot.Acl', { id: long, acls: vector(ACL) });
export type SnapshotAcl = Infer<typeof SnapshotAcl>;

/** `acl` of a node that is open to everyone: this list is never in the map. */
export const OPEN_ACL_ID = -1;

export const DataNode = record('server.DataNode', { data: buffer, acl: long, stat: StatPersisted });
export type DataNode = Infer<typeof DataNode>;

/** The path that ends the list of nodes; the root itself is written as the empty path. */
export const END_OF_NODES = '/';

/** Digest of the tree after the transaction `zxid`; a zxid of 0 stands for none. */
export const ZxidDigest = record('snapshot.ZxidDigest', { zxid: long, digestVersion: int, digest: bigLong });
export type ZxidDigest = Infer<typeof ZxidDigest>;

/** Adler-32 of everything before it in the (uncompressed) file, and the text `/`. */
export const Seal = record('snapshot.Seal', { checksum: long, path: ustring });
export type Seal = Infer<typeof Seal>;
