import type { ProducerBatch } from './producer-batch.ts';

/** Counts since the producer was made. */
export interface ProducerMetricsSnapshot {
  /** Records that were sent, acknowledged, and failed. */
  readonly recordsSent: number;
  readonly recordsAcknowledged: number;
  readonly recordsFailed: number;
  /** Records that were sent again. */
  readonly recordsRetried: number;
  readonly batchesSent: number;
  readonly batchesSplit: number;
  /** Of batches, as they were sent. */
  readonly bytesSent: number;
  /** The same before compression. */
  readonly uncompressedBytesSent: number;
  readonly requests: number;
  /** From a request to its answer. */
  readonly requestLatencyMs: { readonly average: number; readonly max: number };
  /** Bytes of the buffer that are taken. */
  readonly bufferedBytes: number;
}

export class ProducerMetrics {
  private recordsSent = 0;
  private recordsAcknowledged = 0;
  private recordsFailed = 0;
  private recordsRetried = 0;
  private batchesSent = 0;
  private batchesSplit = 0;
  private bytesSent = 0;
  private uncompressedBytesSent = 0;
  private requests = 0;
  private answers = 0;
  private latencyMs = 0;
  private maxLatencyMs = 0;

  sent(batches: readonly ProducerBatch[]): void {
    this.requests++;
    this.batchesSent += batches.length;
    for (const batch of batches) {
      this.recordsSent += batch.count;
      this.bytesSent += batch.sizeBytes;
      this.uncompressedBytesSent += batch.uncompressedBytes;
    }
  }

  answered(latencyMs: number): void {
    this.answers++;
    this.latencyMs += latencyMs;
    this.maxLatencyMs = Math.max(this.maxLatencyMs, latencyMs);
  }

  acknowledged(batch: ProducerBatch): void {
    this.recordsAcknowledged += batch.count;
  }

  failed(batch: ProducerBatch): void {
    this.recordsFailed += batch.count;
  }

  retried(batch: ProducerBatch): void {
    this.recordsRetried += batch.count;
  }

  split(): void {
    this.batchesSplit++;
  }

  snapshot(bufferedBytes: number): ProducerMetricsSnapshot {
    return {
      recordsSent: this.recordsSent,
      recordsAcknowledged: this.recordsAcknowledged,
      recordsFailed: this.recordsFailed,
      recordsRetried: this.recordsRetried,
      batchesSent: this.batchesSent,
      batchesSplit: this.batchesSplit,
      bytesSent: this.bytesSent,
      uncompressedBytesSent: this.uncompressedBytesSent,
      requests: this.requests,
      requestLatencyMs: {
        average: this.answers === 0 ? 0 : this.latencyMs / this.answers,
        max: this.maxLatencyMs,
      },
      bufferedBytes,
    };
  }
}
