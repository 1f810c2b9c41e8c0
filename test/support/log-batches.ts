import { buildBatch } from '../../src/wire/kafka/records/builder.ts';
import { buildEndTransactionMarker } from '../../src/wire/kafka/records/control.ts';

export interface TestBatch {
  readonly count?: number;
  readonly timestamp?: number;
  readonly valueBytes?: number;
  readonly producerId?: bigint;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly transactional?: boolean;
}

/** A batch of `count` records, as a client sends it: base offset 0. */
export function testBatch(options: TestBatch = {}): Buffer {
  const { count = 1, timestamp = 1000, valueBytes = 20, ...rest } = options;
  const records = Array.from({ length: count }, (_, index) => ({
    timestamp: timestamp + index,
    key: Buffer.from(`key-${index}`),
    value: Buffer.alloc(valueBytes, 'v'),
  }));
  const epoch = rest.producerId === undefined ? {} : { producerEpoch: 0 };
  return buildBatch(records, { ...epoch, ...rest });
}

export function endMarker(
  type: 'COMMIT' | 'ABORT',
  producerId: bigint,
  options: { readonly producerEpoch?: number; readonly coordinatorEpoch?: number } = {},
): Buffer {
  const { producerEpoch = 0, coordinatorEpoch = 0 } = options;
  return buildEndTransactionMarker(
    { type, coordinatorEpoch },
    { timestampMs: 2000, producerId, producerEpoch },
  );
}
