import { crc32 } from 'node:zlib';
import type { StatPersisted } from '../../wire/zookeeper/data.ts';

/** DigestCalculator.DIGEST_VERSION of ZooKeeper 3.9. */
export const DIGEST_VERSION = 2;

/** ZooDefs.ZOOKEEPER_NODE_SUBTREE */
const UNCOUNTED_PREFIX = '/zookeeper/';
const STAT_BYTES = 60;
const TWO_POW_32 = 0x1_0000_0000;

/**
 * A node's share of the tree digest: CRC-32 over path, data and stat (DigestCalculator). Nodes below
 * /zookeeper count nothing, for servers change them on their own.
 */
export function nodeDigest(path: string, data: Buffer | null, stat: StatPersisted): number {
  if (path.startsWith(UNCOUNTED_PREFIX)) return 0;
  const name = path === '/' ? '' : path;
  const nameBytes = Buffer.byteLength(name);
  const bytes = Buffer.allocUnsafe(nameBytes + STAT_BYTES);
  bytes.write(name);
  let crc = 0;
  if (data === null || data.length === 0) {
    writeStat(bytes, nameBytes, stat);
    crc = crc32(bytes);
  } else {
    crc = crc32(bytes.subarray(0, nameBytes));
    crc = crc32(data, crc);
    writeStat(bytes, nameBytes, stat);
    crc = crc32(bytes.subarray(nameBytes), crc);
  }
  return crc;
}

function writeStat(bytes: Buffer, at: number, stat: StatPersisted): void {
  writeLong(bytes, at, stat.czxid);
  writeLong(bytes, at + 8, stat.mzxid);
  writeLong(bytes, at + 16, stat.pzxid);
  writeLong(bytes, at + 24, stat.ctime);
  writeLong(bytes, at + 32, stat.mtime);
  bytes.writeInt32BE(stat.version, at + 40);
  bytes.writeInt32BE(stat.cversion, at + 44);
  bytes.writeInt32BE(stat.aversion, at + 48);
  bytes.writeBigInt64BE(stat.ephemeralOwner, at + 52);
}

function writeLong(bytes: Buffer, at: number, value: number): void {
  bytes.writeInt32BE(Math.floor(value / TWO_POW_32), at);
  bytes.writeUInt32BE(value >>> 0, at + 4);
}

/**
 * The sum of all node digests, modulo 2^64 (AdHash): equal trees have equal digests, and one change costs two
 * additions. Kept as two halves, for sums of 32-bit numbers need no bigint.
 */
export class TreeDigest {
  private high = 0;
  private low = 0;

  get value(): bigint {
    return BigInt.asIntN(64, (BigInt(this.high) << 32n) + BigInt(this.low));
  }

  add(digest: number): void {
    this.low += digest;
    if (this.low >= TWO_POW_32) {
      this.low -= TWO_POW_32;
      this.high++;
    }
  }

  remove(digest: number): void {
    this.low -= digest;
    if (this.low < 0) {
      this.low += TWO_POW_32;
      this.high--;
    }
  }

  clear(): void {
    this.high = 0;
    this.low = 0;
  }
}
