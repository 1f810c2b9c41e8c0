/** A step of the estimate when batches turn out larger, and when they turn out smaller (`CompressionRatioEstimator`). */
const WORSENING = 0.05;
const IMPROVEMENT = 0.005;
/** A little more than estimated, so that few batches come out too large. */
const CAUTION = 1.05;

/** What is left of a topic's batches after compression, learnt from those that were sent. */
export class CompressionRatio {
  private readonly isCompressed: boolean;
  private ratio = 1;

  constructor(isCompressed: boolean) {
    this.isCompressed = isCompressed;
  }

  /** What so many bytes may come to. */
  estimate(bytes: number): number {
    return this.isCompressed ? bytes * this.ratio * CAUTION : bytes;
  }

  observe(plainBytes: number, packedBytes: number): void {
    if (!this.isCompressed) return;
    const observed = packedBytes / plainBytes;
    this.ratio =
      observed > this.ratio
        ? Math.max(this.ratio + WORSENING, observed)
        : Math.max(this.ratio - IMPROVEMENT, observed);
  }

  /** After a batch that was too large: careful again. */
  reset(observed: number): void {
    this.ratio = Math.max(1, observed);
  }
}
