import { Readable } from 'node:stream';
import { constants, crc32, createGunzip, deflateRawSync } from 'node:zlib';
import { compressSync, uncompressSync } from 'snappy';
import { MalformedError } from '../../base/malformed-error.ts';
import type { SnapshotCompression } from './file-names.ts';

/**
 * Streams as Java's GZIPOutputStream and xerial's SnappyOutputStream make them, a chunk at a time and without
 * waiting, so that a snapshot in the simulation takes its turns in a fixed order.
 */
export interface Compressor {
  /** What precedes the first chunk. */
  start(): Buffer;
  chunk(bytes: Buffer): Buffer;
  /** What follows the last chunk. */
  finish(): Buffer;
}

export function compressor(compression: SnapshotCompression): Compressor {
  if (compression === 'gz') return gzipCompressor();
  if (compression === 'snappy') return snappyCompressor();
  return { start: empty, chunk: (bytes) => bytes, finish: empty };
}

/** The content of a compressed file. Throws MalformedError (or a zlib error) where it is damaged. */
export function decompress(
  compression: SnapshotCompression,
  chunks: AsyncIterable<Buffer>,
): AsyncIterable<Buffer> {
  if (compression === 'gz') return Readable.from(chunks).compose(createGunzip()) as AsyncIterable<Buffer>;
  if (compression === 'snappy') return unsnappy(chunks);
  return chunks;
}

function empty(): Buffer {
  return Buffer.alloc(0);
}

/** Each chunk becomes deflate blocks that end on a byte boundary; the last block is an empty one. */
function gzipCompressor(): Compressor {
  let crc = 0;
  let length = 0;
  return {
    start: () => Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0]),
    chunk(bytes) {
      crc = crc32(bytes, crc);
      length = (length + bytes.length) >>> 0;
      return deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
    },
    finish() {
      const trailer = Buffer.alloc(10);
      trailer[0] = 0x03;
      trailer.writeUInt32LE(crc, 2);
      trailer.writeUInt32LE(length, 6);
      return trailer;
    },
  };
}

const SNAPPY_MAGIC = Buffer.from('82534e4150505900', 'hex');
/** Magic, then the version and the oldest compatible version, both 1. */
const SNAPPY_HEADER = Buffer.concat([SNAPPY_MAGIC, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])]);
const SNAPPY_BLOCK_BYTES = 32 * 1024;
/** What one compressed block may claim; xerial's largest block size is 512 MiB, ZooKeeper uses 32 KiB. */
const MAX_SNAPPY_BLOCK_BYTES = 16 * 1024 * 1024;

function snappyCompressor(): Compressor {
  return {
    start: () => SNAPPY_HEADER,
    chunk(bytes) {
      const parts: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += SNAPPY_BLOCK_BYTES) {
        const block = compressSync(bytes.subarray(at, at + SNAPPY_BLOCK_BYTES));
        const length = Buffer.alloc(4);
        length.writeInt32BE(block.length);
        parts.push(length, block);
      }
      return Buffer.concat(parts);
    },
    finish: empty,
  };
}

async function* unsnappy(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  let hasHeader = false;
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    if (!hasHeader) {
      if (rest.length < SNAPPY_HEADER.length) continue;
      if (!rest.subarray(0, SNAPPY_MAGIC.length).equals(SNAPPY_MAGIC)) {
        throw new MalformedError('not a snappy stream: the magic bytes are missing');
      }
      rest = rest.subarray(SNAPPY_HEADER.length);
      hasHeader = true;
    }
    while (rest.length >= 4) {
      const length = rest.readInt32BE(0);
      if (length <= 0 || length > MAX_SNAPPY_BLOCK_BYTES) {
        throw new MalformedError(`snappy block of ${length} bytes`);
      }
      if (rest.length < 4 + length) break;
      yield uncompressBlock(rest.subarray(4, 4 + length));
      rest = rest.subarray(4 + length);
    }
  }
  if (!hasHeader || rest.length > 0) throw new MalformedError('snappy stream ends within a block');
}

function uncompressBlock(block: Buffer): Buffer {
  const size = uncompressedBytes(block);
  if (size > MAX_SNAPPY_BLOCK_BYTES) throw new MalformedError(`snappy block unpacks to ${size} bytes`);
  try {
    return uncompressSync(block, { asBuffer: true }) as Buffer;
  } catch (cause) {
    throw new MalformedError('damaged snappy block', { cause });
  }
}

/** A snappy block begins with its uncompressed length as a varint. */
function uncompressedBytes(block: Buffer): number {
  let size = 0;
  for (let i = 0; i < 5; i++) {
    const byte = block[i] ?? 0;
    size += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return size;
  }
  throw new MalformedError('snappy block without a length');
}
