import * as zlib from 'node:zlib';
import { DecompressionError, DecompressionLimitError } from './errors.ts';
import { zstdProgram } from './zstd-program.ts';

/** What Node 22.15 and 23.8 brought to `node:zlib`; older ones use WebAssembly. */
interface NativeZstd {
  zstdCompressSync(bytes: Buffer, options?: { params: Record<number, number> }): Buffer;
  zstdDecompressSync(bytes: Buffer, options: { maxOutputLength: number }): Buffer;
}

const native: Partial<NativeZstd> = zlib as unknown as Partial<NativeZstd>;

const FRAME_MAGIC = 0xfd2f_b528;
const SKIPPABLE_MAGIC = 0x184d_2a50;
const MAX_BLOCK_BYTES = 128 * 1024;
/** The wasm library's name for "the output does not fit", inside its error's text. */
const DESTINATION_TOO_SMALL = /code (-70|4294967226)$/;

/** `ZSTD_c_compressionLevel` */
const LEVEL_PARAMETER = 100;

export function compressZstd(bytes: Buffer, level?: number): Buffer {
  if (native.zstdCompressSync !== undefined) {
    return native.zstdCompressSync(
      bytes,
      level === undefined ? undefined : { params: { [LEVEL_PARAMETER]: level } },
    );
  }
  const result = zstdProgram().compress(bytes, level);
  return Buffer.from(result.buffer, result.byteOffset, result.byteLength);
}

export function decompressZstd(bytes: Buffer, limitBytes: number): Buffer {
  const parts: Buffer[] = [];
  let total = 0;
  for (let at = 0; at < bytes.length; ) {
    const frame = measureFrame(bytes, at);
    if (!frame.skippable) {
      const left = limitBytes - total;
      // An announced size is exact, or the frame is damaged: the bound of its blocks keeps it honest.
      if (frame.contentBytes !== undefined && frame.contentBytes > Math.min(left, frame.boundBytes)) {
        if (frame.contentBytes > left) throw new DecompressionLimitError(limitBytes);
        throw new DecompressionError(`zstd frame announces ${frame.contentBytes} bytes`);
      }
      const part = unpack(bytes.subarray(at, frame.end), Math.min(left, frame.boundBytes), limitBytes);
      total += part.length;
      parts.push(part);
    }
    at = frame.end;
  }
  const only = parts[0];
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts, total);
}

function unpack(frame: Buffer, roomBytes: number, limitBytes: number): Buffer {
  try {
    if (native.zstdDecompressSync !== undefined) {
      return native.zstdDecompressSync(frame, { maxOutputLength: Math.max(roomBytes, 1) });
    }
    const result = zstdProgram().decompress(frame, { defaultHeapSize: roomBytes });
    return Buffer.from(result.buffer, result.byteOffset, result.byteLength);
  } catch (error) {
    const tooLarge =
      error instanceof Error &&
      ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ||
        DESTINATION_TOO_SMALL.test(error.message));
    if (tooLarge) throw new DecompressionLimitError(limitBytes);
    throw new DecompressionError('zstd frame is damaged', { cause: error });
  }
}

interface FrameMeasure {
  /** Index after the frame. */
  end: number;
  skippable: boolean;
  /** Upper bound of the bytes in it, from its block headers. */
  boundBytes: number;
  /** What the header announces, if anything. */
  contentBytes?: number;
}

/** Walks over a frame's blocks without unpacking them (RFC 8878, section 3.1). */
function measureFrame(bytes: Buffer, start: number): FrameMeasure {
  need(bytes, start, 8);
  const magic = bytes.readUInt32LE(start);
  if (magic >= SKIPPABLE_MAGIC && magic < SKIPPABLE_MAGIC + 16) {
    const size = bytes.readUInt32LE(start + 4);
    need(bytes, start + 8, size);
    return { end: start + 8 + size, skippable: true, boundBytes: 0 };
  }
  if (magic !== FRAME_MAGIC) throw new DecompressionError('no zstd frame');
  const descriptor = bytes.readUInt8(start + 4);
  const singleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 0x03] ?? 0;
  const sizeFlag = descriptor >> 6;
  const contentSizeBytes = sizeFlag === 0 ? (singleSegment ? 1 : 0) : 1 << sizeFlag;
  let at = start + 5 + (singleSegment ? 0 : 1) + dictionaryBytes;
  need(bytes, at, contentSizeBytes);
  const contentBytes = readContentSize(bytes, at, contentSizeBytes);
  at += contentSizeBytes;
  const blocks = measureBlocks(bytes, at);
  const end = blocks.end + ((descriptor & 0x04) === 0 ? 0 : 4);
  need(bytes, blocks.end, end - blocks.end);
  const measure = { end, skippable: false, boundBytes: blocks.boundBytes };
  return contentBytes === undefined ? measure : { ...measure, contentBytes };
}

function measureBlocks(bytes: Buffer, at: number): { end: number; boundBytes: number } {
  let boundBytes = 0;
  for (let last = false; !last; ) {
    need(bytes, at, 3);
    const header = bytes.readUIntLE(at, 3);
    last = (header & 1) !== 0;
    const type = (header >> 1) & 0x03;
    const size = header >> 3;
    const stored = type === 1 ? 1 : size;
    if (type === 3 || (size > MAX_BLOCK_BYTES && type !== 1)) {
      throw new DecompressionError(`zstd block of type ${type} and ${size} bytes`);
    }
    boundBytes += type === 2 ? MAX_BLOCK_BYTES : size;
    at += 3;
    need(bytes, at, stored);
    at += stored;
  }
  return { end: at, boundBytes };
}

function readContentSize(bytes: Buffer, at: number, length: number): number | undefined {
  switch (length) {
    case 0:
      return undefined;
    case 1:
      return bytes.readUInt8(at);
    case 2:
      return bytes.readUInt16LE(at) + 256;
    case 4:
      return bytes.readUInt32LE(at);
    default:
      return Number(bytes.readBigUInt64LE(at));
  }
}

function need(bytes: Buffer, at: number, length: number): void {
  if (length > bytes.length - at) throw new DecompressionError('zstd frame is cut short');
}
