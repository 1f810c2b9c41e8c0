import type { FileComputation } from './file-io.ts';
import type { HotRead, HotTail } from './hot-tail.ts';
import type { LocalLog } from './local-log.ts';
import { LogError } from './log-error.ts';
import type { LogOffsets } from './log-offsets.ts';
import { collectAborted, readCold } from './log-read.ts';
import { type LogReadResult, offsetOnly, type ReadOptions } from './log-types.ts';

const EMPTY_READ = { chunks: [], bytes: 0, firstEntryIncomplete: false } as const;

/** Reads of one log: from its hot tail where that reaches back far enough, otherwise from the segments. */
export class LogReader {
  private readonly local: LocalLog;
  private readonly hotTail: HotTail;
  private readonly offsets: LogOffsets;

  constructor(local: LocalLog, hotTail: HotTail, offsets: LogOffsets) {
    this.local = local;
    this.hotTail = hotTail;
    this.offsets = offsets;
  }

  isHot(options: ReadOptions): boolean {
    const tailStart = this.hotTail.startOffset;
    if (tailStart !== undefined && options.startOffset >= tailStart) return true;
    return options.startOffset >= this.offsets.limitOf(options.isolation).messageOffset;
  }

  /** Undefined when a file is needed. Throws OFFSET_OUT_OF_RANGE. */
  readHot(options: ReadOptions): LogReadResult | undefined {
    const { startOffset, isolation } = options;
    if (startOffset < this.offsets.logStart || startOffset > this.local.logEndOffset) {
      throw new LogError(
        'OFFSET_OUT_OF_RANGE',
        `offset ${startOffset} is outside ${this.offsets.logStart} to ${this.local.logEndOffset}`,
      );
    }
    this.hotTail.noteReader();
    const limit = this.offsets.limitOf(isolation);
    if (startOffset >= limit.messageOffset) {
      const fetchOffset = startOffset === limit.messageOffset ? limit : offsetOnly(startOffset);
      return this.result(options, { ...EMPTY_READ, fetchOffset });
    }
    const read = this.hotTail.read({ ...options, limitOffset: limit.messageOffset });
    return read === undefined ? undefined : this.complete(options, read);
  }

  *readFiles(options: ReadOptions): FileComputation<LogReadResult> {
    const limitOffset = this.offsets.limitOf(options.isolation).messageOffset;
    const read = yield* readCold(this.local.segments, { ...options, limitOffset });
    if (read === undefined) return this.result(options, { ...EMPTY_READ, fetchOffset: this.local.logEnd });
    return this.complete(options, read);
  }

  private complete(options: ReadOptions, read: HotRead): LogReadResult {
    const { chunks, bytes, firstEntryIncomplete, lastOffset } = read;
    const fetchOffset = {
      messageOffset: options.startOffset,
      segmentBaseOffset: read.segmentBaseOffset,
      positionInSegment: read.position,
    };
    return this.result(options, { chunks, bytes, firstEntryIncomplete, fetchOffset }, lastOffset);
  }

  private result(
    options: ReadOptions,
    result: Omit<LogReadResult, 'abortedTransactions'>,
    lastOffset?: number,
  ): LogReadResult {
    if (options.isolation !== 'last-stable-offset') return { ...result, abortedTransactions: undefined };
    const { segments } = this.local;
    const abortedTransactions =
      lastOffset === undefined ? [] : collectAborted(segments, options.startOffset, lastOffset + 1);
    return { ...result, abortedTransactions };
  }
}
