import { MalformedError } from '../../base/malformed-error.ts';

/** Default of `jute.maxbuffer`: the largest frame, just below one mebibyte. */
export const DEFAULT_MAX_BUFFER_BYTES = 0xfffff;

/** What a stored string or buffer may exceed `jute.maxbuffer` by, at least (`BinaryInputArchive`). */
const MIN_EXTRA_BYTES = 1024;

/**
 * Checks the length in front of a frame before anything is allocated for it. Throws MalformedError: the
 * connection can only be closed, for the frame's end is unknown.
 */
export function checkFrameLength(length: number, maxBufferBytes = DEFAULT_MAX_BUFFER_BYTES): number {
  if (length < 0 || length > maxBufferBytes) {
    throw new MalformedError(`frame of ${length} bytes: jute.maxbuffer allows ${maxBufferBytes}`);
  }
  return length;
}

/**
 * The longest record to accept from disk. Stored records carry more than the frame they came from, so
 * Apache allows `zookeeper.jute.maxbuffer.extrasize` on top, by default as much again.
 */
export function storedLimitBytes(maxBufferBytes: number, extraBytes = maxBufferBytes): number {
  return Math.min(maxBufferBytes + Math.max(extraBytes, MIN_EXTRA_BYTES), 0x7fff_ffff);
}
