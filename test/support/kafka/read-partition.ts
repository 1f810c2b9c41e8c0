import assert from 'node:assert/strict';
import type { Cluster } from '../../../src/clients/kafka/cluster/cluster.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import type { LogRecord } from '../../../src/wire/kafka/records/record.ts';
import { readAll } from '../../../src/wire/kafka/records/records.ts';
import { Fetch } from './pairs.ts';

export interface PartitionReader {
  readonly cluster: Cluster;
  readonly topic: string;
  readonly partition: number;
}

/** All records of a partition up to its high watermark, as its leader has them. */
export async function readPartition({ cluster, topic, partition }: PartitionReader): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for (let offset = 0; ; ) {
    const answer = await cluster.retry(async () => {
      const { leader } = (await cluster.topic(topic)).partitions[partition] ?? { leader: -1 };
      const partitions = [{ partition, fetchOffset: offset, partitionMaxBytes: 1_000_000 }];
      const response = await cluster.request(
        leader,
        Fetch,
        { maxWaitMs: 0, minBytes: 0, maxBytes: 10_000_000, topics: [{ topic, partitions }] },
        { versions: { min: 4, max: 11 } },
      );
      return response.responses[0]?.partitions[0];
    });
    assert.ok(answer !== undefined);
    assert.equal(answer.errorCode, ErrorCode.NONE);
    const before = offset;
    for (const record of readAll(answer.records ?? Buffer.alloc(0))) {
      if (record.offset < offset || record.offset >= answer.highWatermark) continue;
      records.push(record);
      offset = record.offset + 1;
    }
    if (offset >= answer.highWatermark) return records;
    assert.ok(offset > before, `nothing at ${offset}, below the high watermark ${answer.highWatermark}`);
  }
}
