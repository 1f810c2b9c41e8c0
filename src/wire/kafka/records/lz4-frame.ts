import * as lz4 from 'lz4-napi';
import { DecompressionError, DecompressionLimitError } from './errors.ts';

/**
 * LZ4 in its standard frame format. Magic 0 carries a historic mistake: the header checksum there also covers
 * the frame's magic number, so writers must make that wrong byte and readers must not check it (KIP-57).
 */
const FRAME_MAGIC = 0x184d2204;
const BLOCK_CHECKSUM = 0x10;
const CONTENT_SIZE = 0x08;
const CONTENT_CHECKSUM = 0x04;
const DICTIONARY_ID = 0x01;
const UNCOMPRESSED_BLOCK = 0x8000_0000;
const MAX_BLOCK_BYTES = [64 * 1024, 256 * 1024, 1024 * 1024, 4 * 1024 * 1024];
/** One compressed byte stands for at most 255: a length byte of a long match. */
const MAX_RATIO = 255;

interface FrameHeader {
  flags: number;
  maxBlockBytes: number;
  /** Where the header checksum stands. */
  checksumAt: number;
}

export function compressLz4(bytes: Buffer, historicHeaderChecksum: boolean): Buffer {
  const frame = lz4.compressFrameSync(bytes);
  if (historicHeaderChecksum) {
    const { checksumAt } = readHeader(frame);
    frame[checksumAt] = headerChecksum(frame.subarray(0, checksumAt));
  }
  return frame;
}

export function decompressLz4(bytes: Buffer, limitBytes: number, historicHeaderChecksum: boolean): Buffer {
  const header = readHeader(bytes);
  const right = headerChecksum(bytes.subarray(4, header.checksumAt));
  const frame = bytes.subarray(0, checkBlocks(bytes, header, limitBytes));
  if (bytes[header.checksumAt] === right) return unpack(frame, limitBytes);
  if (!historicHeaderChecksum) throw new DecompressionError('LZ4 frame header has a wrong checksum');
  const mended = Buffer.from(frame);
  mended[header.checksumAt] = right;
  return unpack(mended, limitBytes);
}

function unpack(frame: Buffer, limitBytes: number): Buffer {
  let result: Buffer;
  try {
    result = lz4.decompressFrameSync(frame);
  } catch (error) {
    throw new DecompressionError('LZ4 frame is damaged', { cause: error });
  }
  if (result.length > limitBytes) throw new DecompressionLimitError(limitBytes);
  return result;
}

function readHeader(bytes: Buffer): FrameHeader {
  if (bytes.length < 7 || bytes.readUInt32LE(0) !== FRAME_MAGIC) {
    throw new DecompressionError('no LZ4 frame');
  }
  const flags = bytes.readUInt8(4);
  const descriptor = bytes.readUInt8(5);
  const maxBlockBytes = MAX_BLOCK_BYTES[((descriptor >> 4) & 0x07) - 4];
  if (flags >> 6 !== 1 || (flags & DICTIONARY_ID) !== 0 || maxBlockBytes === undefined) {
    throw new DecompressionError(`LZ4 frame with flags ${flags} and block descriptor ${descriptor}`);
  }
  const checksumAt = 6 + ((flags & CONTENT_SIZE) === 0 ? 0 : 8);
  if (bytes.length <= checksumAt) throw new DecompressionError('LZ4 frame header is cut short');
  return { flags, maxBlockBytes, checksumAt };
}

/**
 * Walks over the blocks without unpacking them and returns where the frame ends. The sizes give an upper bound
 * of what can come out, so that a bomb is refused before it is unpacked.
 */
function checkBlocks(bytes: Buffer, header: FrameHeader, limitBytes: number): number {
  const trailer = (header.flags & BLOCK_CHECKSUM) === 0 ? 0 : 4;
  let bound = 0;
  let at = header.checksumAt + 1;
  for (;;) {
    if (bytes.length - at < 4) throw new DecompressionError('LZ4 frame ends without its end mark');
    const word = bytes.readUInt32LE(at);
    at += 4;
    if (word === 0) break;
    const size = word & ~UNCOMPRESSED_BLOCK;
    if (size > header.maxBlockBytes || size + trailer > bytes.length - at) {
      throw new DecompressionError(`LZ4 block of ${size} bytes at ${at}, ${bytes.length - at} left`);
    }
    const compressed = word < UNCOMPRESSED_BLOCK;
    bound += compressed ? Math.min(header.maxBlockBytes, size * MAX_RATIO) : size;
    if (bound > limitBytes) throw new DecompressionLimitError(limitBytes);
    at += size + trailer;
  }
  const end = at + ((header.flags & CONTENT_CHECKSUM) === 0 ? 0 : 4);
  if (end > bytes.length) throw new DecompressionError('LZ4 frame ends without its content checksum');
  return end;
}

/** The second byte of the XXH32 of a frame descriptor, which is always shorter than 16 bytes. */
function headerChecksum(bytes: Buffer): number {
  let hash = (0x1656_67b1 + bytes.length) | 0;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    hash = (hash + Math.imul(bytes.readInt32LE(at), 0xc2b2_ae3d)) | 0;
    hash = Math.imul((hash << 17) | (hash >>> 15), 0x27d4_eb2f);
  }
  for (; at < bytes.length; at++) {
    hash = (hash + Math.imul(bytes.readUInt8(at), 0x1656_67b1)) | 0;
    hash = Math.imul((hash << 11) | (hash >>> 21), 0x9e37_79b1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x85eb_ca77);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae3d);
  return ((hash ^ (hash >>> 16)) >>> 8) & 0xff;
}
