import * as snappy from 'snappy';
import { DecompressionError, DecompressionLimitError } from './errors.ts';

/**
 * Snappy as Kafka clients write it: the framing of the Java library "xerial", which is a 16-byte header and then
 * blocks of int32 length and raw snappy bytes. Some old clients write one raw block without any framing;
 * reading accepts that too.
 */
const HEADER = Buffer.from('82534e41505059000000000100000001', 'hex');
const MAGIC = HEADER.subarray(0, 8);
/** Uncompressed bytes per block: the Java library's default. */
const BLOCK_BYTES = 32 * 1024;
/**
 * The largest number of bytes that one compressed byte can stand for: a copy element of three bytes makes at
 * most 64. A raw block that announces more is damaged, and nothing is allocated for it.
 */
const MAX_RATIO = 22;

export function compressXerial(bytes: Buffer): Buffer {
  const parts: Buffer[] = [HEADER];
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const block = snappy.compressSync(bytes.subarray(at, at + BLOCK_BYTES));
    const length = Buffer.allocUnsafe(4);
    length.writeInt32BE(block.length, 0);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

export function decompressSnappy(bytes: Buffer, limitBytes: number): Buffer {
  if (bytes.length < HEADER.length || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    return decompressBlock(bytes, limitBytes);
  }
  const parts: Buffer[] = [];
  let total = 0;
  let at = HEADER.length;
  while (at < bytes.length) {
    // A stream that was appended to another one brings its header along.
    if (bytes.length - at >= HEADER.length && bytes.subarray(at, at + MAGIC.length).equals(MAGIC)) {
      at += HEADER.length;
      continue;
    }
    const block = blockAt(bytes, at);
    const part = decompressBlock(block, limitBytes - total);
    total += part.length;
    parts.push(part);
    at += 4 + block.length;
  }
  const only = parts[0];
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts, total);
}

function blockAt(bytes: Buffer, at: number): Buffer {
  const left = bytes.length - at - 4;
  const length = left < 0 ? -1 : bytes.readInt32BE(at);
  if (length < 0 || length > left) {
    throw new DecompressionError(`snappy block at ${at} is cut short or has a bad length`);
  }
  return bytes.subarray(at + 4, at + 4 + length);
}

function decompressBlock(block: Buffer, limitBytes: number): Buffer {
  const announced = announcedLength(block);
  if (announced > limitBytes) throw new DecompressionLimitError(limitBytes);
  if (announced > block.length * MAX_RATIO) {
    throw new DecompressionError(`snappy block of ${block.length} bytes announces ${announced}`);
  }
  try {
    const result = snappy.uncompressSync(block, { asBuffer: true });
    return typeof result === 'string' ? Buffer.from(result) : result;
  } catch (error) {
    throw new DecompressionError('snappy block is damaged', { cause: error });
  }
}

/** The preamble of a raw block: its uncompressed length as an unsigned varint of at most 32 bits. */
function announcedLength(block: Buffer): number {
  let value = 0;
  for (let index = 0; index < 5; index++) {
    const byte = block[index];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return value;
  }
  throw new DecompressionError('snappy block has no length');
}
