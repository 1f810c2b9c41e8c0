import { ByteReader } from '../../base/byte-reader.ts';
import { MalformedError } from '../../base/malformed-error.ts';
import type { Disk } from '../../env/disk.ts';
import { bigLong, int, long, ustring } from '../../wire/jute/types.ts';
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
  type ZxidDigest,
} from '../../wire/zookeeper/snapshot.ts';
import { adler32 } from './adler32.ts';
import type { SnapshotFile } from './file-names.ts';
import { decompress } from './snapshot-compression.ts';

/** What a snapshot is loaded into; the data tree is one. */
export interface SnapshotTarget {
  beginRestore(): void;
  restoreAcl(id: number, acl: readonly ACL[]): void;
  /** False when the parent of the node is missing. */
  restoreNode(path: string, data: Buffer | null, aclId: number, stat: StatPersisted): boolean;
  endRestore(): void;
}

/** What a snapshot holds beside the tree. */
export interface SnapshotRest {
  /** Timeouts in milliseconds by session id. */
  readonly sessions: Map<bigint, number>;
  /** Digest of the tree after a transaction at or after the snapshot's zxid; absent in older files. */
  readonly digest: ZxidDigest | undefined;
  /** The last transaction when the snapshot was complete; absent in older files. */
  readonly lastProcessedZxid: number | undefined;
}

const CHUNK_BYTES = 1024 * 1024;
const LENGTH_BYTES = 4;
const SESSION_BYTES = 12;
/** ACL number and stat of a node. */
const NODE_TAIL_BYTES = 8 + 68;
const SEAL_BYTES = 13;
const SHORTEST_BYTES = 10;

/**
 * Cheap test whether a snapshot may be whole: an uncompressed one ends with its seal (`SnapStream`). Damage
 * elsewhere shows when it is read.
 */
export function looksWhole(disk: Disk, snapshot: SnapshotFile): boolean {
  const size = disk.stat(snapshot.path)?.size ?? 0;
  if (size < SHORTEST_BYTES) return false;
  if (snapshot.compression !== 'none') return true;
  const file = disk.open(snapshot.path, 'read');
  try {
    const tail = Buffer.alloc(5);
    return (
      file.read(tail, size - tail.length) === tail.length && tail.readInt32BE(0) === 1 && tail[4] === 0x2f
    );
  } finally {
    file.close();
  }
}

/**
 * Loads a snapshot file, in pieces. `maxBytes` bounds one string or buffer in it. Throws MalformedError or an
 * error of the decompressor where the file is damaged; the target is then good for nothing but another load.
 */
export async function readSnapshot(
  disk: Disk,
  snapshot: SnapshotFile,
  target: SnapshotTarget,
  maxBytes: number,
): Promise<SnapshotRest> {
  const input = new SnapshotInput(
    decompress(snapshot.compression, fileChunks(disk, snapshot.path)),
    maxBytes,
  );
  try {
    await input.need(16);
    const { magic, version } = FileHeader.read(input.reader);
    if (magic !== FileMagic.snapshot) throw new MalformedError('it does not begin with "ZKSN"');
    if (version !== FILE_VERSION) throw new MalformedError(`unknown snapshot version ${version}`);
    const sessions = await readTree(input, target);
    await input.checkSeal();
    return { sessions, ...(await readTail(input)) };
  } finally {
    await input.close();
  }
}

/**
 * Loads the tree that a leader sends after SNAP. Resolves with the sessions and the bytes behind the tree; throws
 * MalformedError, also where the stream ends too early. The target is then good for nothing but another load.
 */
export async function readTreeStream(
  chunks: AsyncIterable<Buffer>,
  target: SnapshotTarget,
  maxBytes: number,
): Promise<{ sessions: Map<bigint, number>; rest: Buffer }> {
  const input = new SnapshotInput(chunks, maxBytes);
  try {
    const sessions = await readTree(input, target);
    await input.need(LENGTH_BYTES);
    await input.need(LENGTH_BYTES + input.peekLength());
    const signature = ustring.read(input.reader);
    if (signature !== SNAPSHOT_SIGNATURE)
      throw new MalformedError('the tree does not end with its signature');
    const { buffer, offset, end } = input.reader;
    return { sessions, rest: buffer.subarray(offset, end) };
  } finally {
    await input.close();
  }
}

/**
 * The part that is also sent to learners: sessions, ACLs, nodes. Returns the sessions; throws MalformedError.
 */
async function readTree(input: SnapshotInput, target: SnapshotTarget): Promise<Map<bigint, number>> {
  const sessions = await readSessions(input);
  target.beginRestore();
  const aclCount = await input.count();
  for (let i = 0; i < aclCount; i++) {
    const { id, acls } = await input.record(SnapshotAcl.read);
    if (acls === null) throw new MalformedError(`the ACL ${id} is missing`);
    target.restoreAcl(id, acls);
  }
  await readNodes(input, target);
  target.endRestore();
  return sessions;
}

async function readSessions(input: SnapshotInput): Promise<Map<bigint, number>> {
  const sessions = new Map<bigint, number>();
  const count = await input.count();
  for (let i = 0; i < count; i++) {
    await input.need(SESSION_BYTES);
    const { id, timeoutMs } = SnapshotSession.read(input.reader);
    sessions.set(id, timeoutMs);
  }
  return sessions;
}

/** Waits only where the bytes in memory end: a tree has more nodes than there should be turns. */
async function readNodes(input: SnapshotInput, target: SnapshotTarget): Promise<void> {
  for (;;) {
    if (input.lacks(4)) await input.need(4);
    const pathBytes = 4 + input.peekLength();
    if (input.lacks(pathBytes)) await input.need(pathBytes);
    const path = ustring.read(input.reader);
    if (path === END_OF_NODES) return;
    if (path === null) throw new MalformedError('a node without a path');
    if (input.lacks(4)) await input.need(4);
    const nodeBytes = 4 + input.peekLength() + NODE_TAIL_BYTES;
    if (input.lacks(nodeBytes)) await input.need(nodeBytes);
    const { data, acl, stat } = DataNode.read(input.reader);
    // A copy: a view would keep a whole chunk of the file in memory for each node that outlives its neighbours.
    const own = data === null ? null : Buffer.from(data);
    if (!target.restoreNode(path, own, acl, stat))
      throw new MalformedError(`the parent of ${path} is missing`);
  }
}

/** The sections after the first seal: files written before 3.6 and 3.9 lack the first and the second. */
async function readTail(input: SnapshotInput): Promise<Omit<SnapshotRest, 'sessions'>> {
  let digest: ZxidDigest | undefined;
  let lastProcessedZxid: number | undefined;
  const rest = await input.remaining();
  if (rest > 8 + SEAL_BYTES) {
    digest = await readDigest(input);
    await input.checkSeal();
  }
  if ((await input.remaining()) > 0) {
    await input.need(8);
    lastProcessedZxid = long.read(input.reader);
    await input.checkSeal();
  }
  return { digest, lastProcessedZxid };
}

/** Digests of version 1 (3.6 alpha) were hexadecimal text. */
async function readDigest(input: SnapshotInput): Promise<ZxidDigest> {
  await input.need(16);
  const zxid = long.read(input.reader);
  const digestVersion = int.read(input.reader);
  if (digestVersion >= 2) {
    await input.need(8);
    return { zxid, digestVersion, digest: bigLong.read(input.reader) };
  }
  await input.need(4 + input.peekLength());
  const text = ustring.read(input.reader) ?? '0';
  if (!/^[0-9a-f]{1,16}$/i.test(text)) throw new MalformedError(`digest ${text}`);
  return { zxid, digestVersion, digest: BigInt.asIntN(64, BigInt(`0x${text}`)) };
}

async function* fileChunks(disk: Disk, path: string): AsyncGenerator<Buffer> {
  const file = disk.open(path, 'read');
  try {
    for (let position = 0; ; ) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const read = await file.readAsync(chunk, position);
      if (read === 0) return;
      yield chunk.subarray(0, read);
      position += read;
    }
  } finally {
    file.close();
  }
}

/** A stream of chunks as one reader over what is in memory, with the checksum of what has been read. */
class SnapshotInput {
  reader = new ByteReader(Buffer.alloc(0));
  private readonly source: AsyncIterator<Buffer>;
  private readonly maxBytes: number;
  private ended = false;
  private checksum = 1;
  /** Where in the reader's buffer the bytes begin that are not in the checksum yet. */
  private unsummed = 0;

  constructor(source: AsyncIterable<Buffer>, maxBytes: number) {
    this.source = source[Symbol.asyncIterator]();
    this.maxBytes = maxBytes;
  }

  lacks(bytes: number): boolean {
    return this.reader.remaining < bytes;
  }

  /** Has at least `bytes` in the reader. */
  async need(bytes: number): Promise<void> {
    if (this.lacks(bytes)) await this.fetch(bytes);
  }

  /** Bytes of the string or buffer that begins here, checked against the limit; 0 for null. */
  peekLength(): number {
    const length = this.reader.buffer.readInt32BE(this.reader.offset);
    if (length < -1 || length > this.maxBytes) {
      throw new MalformedError(`a string or buffer of ${length} bytes, the limit is ${this.maxBytes}`);
    }
    return Math.max(length, 0);
  }

  async count(): Promise<number> {
    await this.need(4);
    const count = this.reader.int32();
    if (count < 0) throw new MalformedError(`${count} elements announced`);
    return count;
  }

  /** Reads a small record of unknown length: more is fetched until it is whole. */
  async record<T>(read: (reader: ByteReader) => T): Promise<T> {
    for (;;) {
      const start = this.reader.offset;
      try {
        return read(this.reader);
      } catch (error) {
        this.reader.offset = start;
        const isPartial =
          error instanceof MalformedError && !this.ended && this.reader.remaining <= this.maxBytes;
        if (!isPartial) throw error;
        await this.fetch(this.reader.remaining + 1);
      }
    }
  }

  /** Bytes left in the stream, exact below one seal and two sections. */
  async remaining(): Promise<number> {
    if (!this.ended && this.reader.remaining < CHUNK_BYTES) await this.fetch(CHUNK_BYTES, true);
    return this.reader.remaining;
  }

  async checkSeal(): Promise<void> {
    const expected = this.sum();
    await this.need(SEAL_BYTES);
    const { checksum } = Seal.read(this.reader);
    if (checksum !== expected) throw new MalformedError('the checksum is wrong');
  }

  async close(): Promise<void> {
    await this.source.return?.();
  }

  private sum(): number {
    const { buffer, offset } = this.reader;
    this.checksum = adler32(buffer.subarray(this.unsummed, offset), this.checksum);
    this.unsummed = offset;
    return this.checksum;
  }

  private async fetch(bytes: number, untilEnd = false): Promise<void> {
    this.sum();
    const { buffer, offset, end } = this.reader;
    const parts = [buffer.subarray(offset, end)];
    let length = end - offset;
    while (length < bytes && !this.ended) {
      const { value, done } = await this.source.next();
      if (done === true) {
        this.ended = true;
      } else {
        parts.push(value);
        length += value.length;
      }
    }
    this.reader = new ByteReader(Buffer.concat(parts));
    this.unsummed = 0;
    if (length < bytes && !untilEnd) throw new MalformedError('it ends too early');
  }
}
