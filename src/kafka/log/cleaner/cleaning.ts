import type { FileRead } from '../file-io.ts';
import type { LogSegment } from '../segment.ts';

/** What a cleaning asks for beside bytes to read. */
export type CleaningPause =
  /** Bytes were written, which count against `log.cleaner.io.max.bytes.per.second`. */
  | { readonly kind: 'written'; readonly bytes: number }
  /** Go on when the log is durable up to an offset. */
  | { readonly kind: 'flush'; readonly upTo: number }
  /** Go on when everything in a segment is durable. */
  | { readonly kind: 'sync'; readonly segment: LogSegment }
  /** Let others have a turn. */
  | { readonly kind: 'turn' };

/** A computation of the cleaner, run by {@link LogCleaner} a piece at a time. */
export type Cleaning<T> = Generator<FileRead | CleaningPause, T, Buffer>;

/** How many records are gone through before others have a turn: a few milliseconds. */
export const RECORDS_PER_TURN = 4096;
