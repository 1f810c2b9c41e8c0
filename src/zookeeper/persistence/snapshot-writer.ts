import { ByteWriter } from '../../base/byte-writer.ts';
import type { DiskFile } from '../../env/disk.ts';
import type { Env } from '../../env/env.ts';
import { int, long, ustring } from '../../wire/jute/types.ts';
import type { ACL, StatPersisted } from '../../wire/zookeeper/data.ts';
import { SNAPSHOT_SIGNATURE } from '../../wire/zookeeper/quorum.ts';
import {
  DataNode,
  END_OF_NODES,
  FILE_VERSION,
  FileHeader,
  FileMagic,
  Seal,
  SnapshotAcl,
  SnapshotSession,
  ZxidDigest,
} from '../../wire/zookeeper/snapshot.ts';
import { adler32 } from './adler32.ts';
import { type SnapshotCompression, snapshotName, unfinishedName } from './file-names.ts';
import { PersistenceError } from './persistence-error.ts';
import { type Compressor, compressor } from './snapshot-compression.ts';

/** What a snapshot is made of; the data tree is one. */
export interface SnapshotSource {
  readonly lastProcessedZxid: number;
  readonly hasDigest: boolean;
  readonly digest: bigint;
  snapshotAcls(): Iterable<readonly [id: number, acl: readonly ACL[]]>;
  /** Parents first, the root as the empty path; may be asked for the next node in a later turn. */
  snapshotNodes(): Iterable<
    readonly [path: string, node: { data: Buffer | null; acl: number; stat: StatPersisted }]
  >;
}

export interface SnapshotOptions {
  directory: string;
  compression: SnapshotCompression;
}

export interface SnapshotInfo {
  readonly path: string;
  readonly zxid: number;
  readonly bytes: number;
  readonly nodes: number;
}

/** Version of the tree digest (DigestCalculator). */
const DIGEST_VERSION = 2;
/** How much is encoded in one turn before others get theirs: one to two milliseconds of work. */
const CHUNK_BYTES = 128 * 1024;

/**
 * Writes a fuzzy snapshot: the tree goes on changing while its nodes are written, and replaying the log from
 * the zxid in the file's name completes it. The file gets its name when it is whole and synced; a failure
 * leaves nothing behind and throws PersistenceError. `sessions` (id, timeout in milliseconds) and the ACLs are
 * taken in the turn of the call.
 */
export function writeSnapshot(
  env: Pick<Env, 'disk' | 'timers'>,
  options: SnapshotOptions,
  source: SnapshotSource,
  sessions: Iterable<readonly [id: bigint, timeoutMs: number]>,
): Promise<SnapshotInfo> {
  const zxid = source.lastProcessedZxid;
  const head = encodeHead(source, sessions);
  return new SnapshotWriter(env, options, source, zxid).run(head);
}

function encodeHead(
  source: SnapshotSource,
  sessions: Iterable<readonly [id: bigint, timeoutMs: number]>,
): ByteWriter {
  const writer = new ByteWriter(CHUNK_BYTES);
  FileHeader.write(writer, { magic: FileMagic.snapshot, version: FILE_VERSION, dbid: -1n });
  writeSessionsAndAcls(writer, source, sessions);
  return writer;
}

function writeSessionsAndAcls(
  writer: ByteWriter,
  source: SnapshotSource,
  sessions: Iterable<readonly [id: bigint, timeoutMs: number]>,
): void {
  const open = [...sessions];
  int.write(writer, open.length);
  for (const [id, timeoutMs] of open) SnapshotSession.write(writer, { id, timeoutMs });
  const acls = [...source.snapshotAcls()];
  int.write(writer, acls.length);
  for (const [id, acl] of acls) SnapshotAcl.write(writer, { id, acls: [...acl] });
}

/**
 * The tree as a leader sends it to a learner, in pieces of one to two milliseconds of work: what a snapshot holds
 * before its first seal, then a signature. Sessions and ACLs are taken when the first piece is asked for; the tree
 * may change between two pieces, as with {@link writeSnapshot}.
 */
export function* treeStream(
  source: SnapshotSource,
  sessions: Iterable<readonly [id: bigint, timeoutMs: number]>,
): Generator<Buffer> {
  let writer = new ByteWriter(CHUNK_BYTES);
  writeSessionsAndAcls(writer, source, sessions);
  for (const [path, node] of source.snapshotNodes()) {
    ustring.write(writer, path);
    DataNode.write(writer, node);
    if (writer.length < CHUNK_BYTES) continue;
    yield writer.toBuffer();
    writer = new ByteWriter(CHUNK_BYTES);
  }
  ustring.write(writer, END_OF_NODES);
  ustring.write(writer, SNAPSHOT_SIGNATURE);
  yield writer.toBuffer();
}

class SnapshotWriter {
  private readonly env: Pick<Env, 'disk' | 'timers'>;
  private readonly directory: string;
  private readonly name: string;
  private readonly unfinishedPath: string;
  private readonly source: SnapshotSource;
  private readonly zxid: number;
  private readonly compressor: Compressor;
  private writer = new ByteWriter(CHUNK_BYTES);
  private checksum = 1;
  private position = 0;
  private nodes = 0;

  constructor(
    env: Pick<Env, 'disk' | 'timers'>,
    options: SnapshotOptions,
    source: SnapshotSource,
    zxid: number,
  ) {
    this.env = env;
    this.directory = options.directory;
    this.name = snapshotName(zxid, options.compression);
    this.unfinishedPath = `${options.directory}/${unfinishedName(this.name)}`;
    this.source = source;
    this.zxid = zxid;
    this.compressor = compressor(options.compression);
  }

  async run(head: ByteWriter): Promise<SnapshotInfo> {
    const { disk } = this.env;
    try {
      const file = disk.open(this.unfinishedPath, 'write');
      try {
        file.truncate(0);
        this.append(file, this.compressor.start());
        this.writer = head;
        await this.writeBody(file);
        await file.sync();
      } finally {
        file.close();
      }
      const path = `${this.directory}/${this.name}`;
      disk.rename(this.unfinishedPath, path);
      disk.syncDirectory(this.directory);
      return { path, zxid: this.zxid, bytes: this.position, nodes: this.nodes };
    } catch (cause) {
      throw this.failed(cause);
    }
  }

  private async writeBody(file: DiskFile): Promise<void> {
    for (const [path, node] of this.source.snapshotNodes()) {
      ustring.write(this.writer, path);
      DataNode.write(this.writer, node);
      this.nodes++;
      if (this.writer.length >= CHUNK_BYTES) {
        this.flush(file);
        await this.nextTurn();
      }
    }
    ustring.write(this.writer, END_OF_NODES);
    this.seal(file);
    if (this.source.hasDigest) {
      // The digest is the one of the moment: after it no further change can get into this file.
      const { lastProcessedZxid: zxid, digest } = this.source;
      ZxidDigest.write(this.writer, { zxid, digestVersion: DIGEST_VERSION, digest });
      this.seal(file);
    }
    long.write(this.writer, this.source.lastProcessedZxid);
    this.seal(file);
    this.append(file, this.compressor.finish());
  }

  /** Writes what has been encoded, and after it the checksum of everything so far. */
  private seal(file: DiskFile): void {
    this.flush(file);
    Seal.write(this.writer, { checksum: this.checksum, path: '/' });
    this.flush(file);
  }

  private flush(file: DiskFile): void {
    const bytes = this.writer.toBuffer();
    this.writer = new ByteWriter(CHUNK_BYTES);
    this.checksum = adler32(bytes, this.checksum);
    this.append(file, this.compressor.chunk(bytes));
  }

  private append(file: DiskFile, bytes: Buffer): void {
    if (bytes.length === 0) return;
    file.write([bytes], this.position);
    this.position += bytes.length;
  }

  private nextTurn(): Promise<void> {
    return new Promise((resolve) => this.env.timers.soon(resolve));
  }

  private failed(cause: unknown): PersistenceError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const failure = new PersistenceError(
      `cannot write the snapshot ${this.directory}/${this.name}: ${reason}. ` +
        'The server goes on with the older ones; free or repair the disk',
      { cause },
    );
    try {
      this.env.disk.remove(this.unfinishedPath);
    } catch {
      // The disk that failed the write fails the clean-up too: the next start removes the file.
    }
    return failure;
  }
}
