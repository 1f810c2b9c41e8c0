import assert from 'node:assert/strict';
import type { LogConfig } from '../../src/kafka/log/log-config.ts';
import type { ReadIsolation } from '../../src/kafka/log/log-types.ts';
import type { UnifiedLog } from '../../src/kafka/log/unified-log.ts';
import { batchesIn, type CompressionName, type RecordBatch } from '../../src/wire/kafka/records/batch.ts';
import { buildBatch } from '../../src/wire/kafka/records/builder.ts';
import type { LogRecord } from '../../src/wire/kafka/records/record.ts';
import { readBatch } from '../../src/wire/kafka/records/records.ts';
import { logConfig } from './log-env.ts';

/** A compacted topic of small segments, which is cleaned as soon as anything is dirty. */
export function compactedConfig(changes: Partial<LogConfig> = {}): LogConfig {
  return logConfig({
    compact: true,
    delete: false,
    segmentBytes: 1000,
    indexIntervalBytes: 100,
    segmentMs: 1e15,
    minCleanableDirtyRatio: 0,
    ...changes,
  });
}

export type KeyValue = readonly [key: string | null, value: string | null];

export interface KeyedBatch {
  readonly records: readonly KeyValue[];
  readonly timestamp?: number;
  readonly compression?: CompressionName;
  readonly producerId?: bigint;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly transactional?: boolean;
}

/** A batch of keys and values, as a client sends it. */
export function keyedBatch({ records, timestamp = 1000, ...options }: KeyedBatch): Buffer {
  const epoch = options.producerId === undefined ? {} : { producerEpoch: 0 };
  const drafts = records.map(([key, value], index) => ({
    timestamp: timestamp + index,
    key: key === null ? null : Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
  }));
  return buildBatch(drafts, { ...epoch, ...options });
}

/** Appends as the only replica. */
export function appendKeyed(log: UnifiedLog, batch: KeyedBatch): number {
  const { firstOffset } = log.appendAsLeader(keyedBatch(batch), 0);
  log.updateHighWatermark(log.logEnd);
  return firstOffset;
}

/** All batches of a log, each checked. */
export function batchesOf(log: UnifiedLog, isolation: ReadIsolation = 'log-end'): RecordBatch[] {
  const batches: RecordBatch[] = [];
  for (let next = log.logStartOffset; next < log.logEndOffset; ) {
    const read = log.read({ startOffset: next, maxBytes: 600, isolation, minOneMessage: true });
    if (read.bytes === 0) break;
    for (const batch of read.chunks.flatMap((chunk) => [...batchesIn(chunk)])) {
      batch.ensureValid();
      assert.ok(batch.lastOffset >= next, 'batches ascend');
      batches.push(batch);
      next = batch.nextOffset;
    }
  }
  return batches;
}

/** What consumers see of the data: `offset key=value`. */
export function dataOf(log: UnifiedLog): string[] {
  return batchesOf(log)
    .filter((batch) => !batch.isControl)
    .flatMap((batch) => [...readBatch(batch)].map(describeRecord));
}

export function describeRecord({ offset, key, value }: LogRecord): string {
  return `${offset} ${key}=${value}`;
}
