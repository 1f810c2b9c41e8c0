import { gunzipSync, gzipSync } from 'node:zlib';
import { unreachable } from '../../../base/assert.ts';
import type { CompressionName, Magic } from './batch.ts';
import { DecompressionError, DecompressionLimitError } from './errors.ts';
import { compressLz4, decompressLz4 } from './lz4-frame.ts';
import { compressXerial, decompressSnappy } from './xerial-snappy.ts';
import { compressZstd, decompressZstd } from './zstd.ts';

/** What one batch may unpack to when the caller sets no limit of its own. */
export const DEFAULT_UNCOMPRESSED_LIMIT_BYTES = 256 * 1024 * 1024;

/**
 * Packs the records part of a batch. `magic` matters for LZ4 alone (its checksum in magic 0), `level` for gzip (-1 to
 * 9) and zstd; undefined is the codec's own.
 */
export function compress(codec: CompressionName, bytes: Buffer, magic: Magic, level?: number): Buffer {
  switch (codec) {
    case 'none':
      return bytes;
    case 'gzip':
      return gzipSync(bytes, level === undefined ? undefined : { level });
    case 'snappy':
      return compressXerial(bytes);
    case 'lz4':
      return compressLz4(bytes, magic === 0);
    case 'zstd':
      return compressZstd(bytes, level);
    default:
      return unreachable(codec, 'codec');
  }
}

/**
 * Unpacks the records part of a batch. Throws {@link DecompressionError} for damaged bytes and its subclass
 * {@link DecompressionLimitError} for what would grow past `limitBytes`; sizes announced by the input are
 * checked before memory is taken for them.
 */
export function decompress(
  codec: CompressionName,
  bytes: Buffer,
  magic: Magic,
  limitBytes = DEFAULT_UNCOMPRESSED_LIMIT_BYTES,
): Buffer {
  switch (codec) {
    case 'none':
      return bytes;
    case 'gzip':
      return decompressGzip(bytes, limitBytes);
    case 'snappy':
      return decompressSnappy(bytes, limitBytes);
    case 'lz4':
      return decompressLz4(bytes, limitBytes, magic === 0);
    case 'zstd':
      return decompressZstd(bytes, limitBytes);
    default:
      return unreachable(codec, 'codec');
  }
}

function decompressGzip(bytes: Buffer, limitBytes: number): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: Math.max(limitBytes, 1) });
  } catch (error) {
    if (error instanceof RangeError && (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new DecompressionLimitError(limitBytes);
    }
    throw new DecompressionError('gzip stream is damaged', { cause: error });
  }
}
