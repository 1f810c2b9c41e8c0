import { COMPRESSION_NAMES } from '../../wire/kafka/records/batch.ts';
import {
  compress,
  DEFAULT_UNCOMPRESSED_LIMIT_BYTES,
  decompress,
} from '../../wire/kafka/records/compression.ts';
import { CompressionTypes } from './constants.ts';
import type { CompressionCodecsTable } from './types/common.ts';

/** A codec in the form that kafkajs's have. */
function codecOf(type: Exclude<CompressionTypes, 0>) {
  const name = COMPRESSION_NAMES[type];
  return () => ({
    /** Takes an encoder, or anything else that has bytes. */
    compress: async ({ buffer }: { buffer: Buffer }): Promise<Buffer> => compress(name, buffer, 2),
    decompress: async (buffer: Buffer): Promise<Buffer> =>
      decompress(name, buffer, 2, DEFAULT_UNCOMPRESSED_LIMIT_BYTES),
  });
}

/** All codecs are built in. Programs may put in what they like, as they do with kafkajs: it is not asked. */
export const CompressionCodecs: CompressionCodecsTable = {
  [CompressionTypes.GZIP]: codecOf(CompressionTypes.GZIP),
  [CompressionTypes.Snappy]: codecOf(CompressionTypes.Snappy),
  [CompressionTypes.LZ4]: codecOf(CompressionTypes.LZ4),
  [CompressionTypes.ZSTD]: codecOf(CompressionTypes.ZSTD),
};
