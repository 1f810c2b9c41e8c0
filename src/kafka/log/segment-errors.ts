/** A batch whose offset does not follow the ones before it: the segment cannot be indexed as it is. */
export class OffsetOrderError extends Error {
  override name = 'OffsetOrderError';
}

/**
 * A segment that holds offsets more than 2^31 above its base, as brokers before 1.1 could write
 * (KAFKA-6264); it must be split.
 */
export class SegmentOverflowError extends Error {
  override name = 'SegmentOverflowError';
  readonly baseOffset: number;

  constructor(baseOffset: number, offset: number) {
    super(`segment ${baseOffset} holds offset ${offset}, too far for its index`);
    this.baseOffset = baseOffset;
  }
}
