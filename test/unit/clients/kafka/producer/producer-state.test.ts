import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BrokerError } from '../../../../../src/clients/kafka/kafka-error.ts';
import { PartitionQueue } from '../../../../../src/clients/kafka/producer/partition-queue.ts';
import { PreparedRecord } from '../../../../../src/clients/kafka/producer/prepared-record.ts';
import { ProducerBatch } from '../../../../../src/clients/kafka/producer/producer-batch.ts';
import { ProducerState } from '../../../../../src/clients/kafka/producer/producer-state.ts';
import { ErrorCode } from '../../../../../src/wire/kafka/errors.ts';

const NOBODY = { acknowledged: () => undefined, failed: () => undefined };
const FORMAT = { compression: 'none', compressionLevel: undefined, transactional: false } as const;
const answer = (errorCode: number, logStartOffset = 0) => ({
  errorCode,
  baseOffset: -1,
  logAppendTimeMs: -1,
  logStartOffset,
});

/** A producer with an id, and one partition of it. */
class Stage {
  readonly state = new ProducerState();
  readonly queue = new PartitionQueue('t', 0);

  constructor(epoch = 0) {
    this.state.setProducer({ id: 1n, epoch });
  }

  /** A batch of two records under way. */
  sent(): ProducerBatch {
    const batch = new ProducerBatch(this.queue, Buffer.alloc(200), 0, FORMAT);
    for (let slot = 0; slot < 2; slot++) {
      const where = { topic: 't', partition: 0, timestamp: 0 };
      batch.append(new PreparedRecord(where, { key: null, value: 'x', headers: undefined }, NOBODY, slot));
    }
    assert.equal(this.state.maySend(this.queue, batch), true);
    this.state.assign(this.queue, batch);
    batch.attempts++;
    return batch;
  }

  mayRetry(batch: ProducerBatch, errorCode: number, logStartOffset = 0): boolean {
    return this.state.mayRetry(this.queue, batch, answer(errorCode, logStartOffset), false);
  }
}

const named = (batches: readonly ProducerBatch[]) =>
  batches.map(({ producerIdAndEpoch, baseSequence }) => [producerIdAndEpoch.epoch, baseSequence]);

describe('the state of an idempotent producer', () => {
  it('gives batches their sequences, one after the other', () => {
    const stage = new Stage();
    assert.deepEqual(named([stage.sent(), stage.sent()]), [
      [0, 0],
      [0, 2],
    ]);
  });

  it('sends batches that came back one at a time, the first one first', () => {
    const stage = new Stage();
    const [first, second] = [stage.sent(), stage.sent()];
    assert.equal(stage.mayRetry(second, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER), true);
    stage.queue.putBack(second);
    stage.queue.putBack(first);
    assert.deepEqual(stage.queue.batches, [first, second]);
    assert.equal(stage.state.maySend(stage.queue, second), false);
    stage.state.acknowledged(stage.queue, first, 0);
    assert.equal(stage.state.maySend(stage.queue, second), true);
  });

  it('begins another epoch when a batch is refused, in which those after it count from 0', () => {
    const stage = new Stage();
    const [first, second] = [stage.sent(), stage.sent()];
    stage.state.failed(stage.queue, first, new BrokerError(ErrorCode.INVALID_RECORD, 't-0'), true);
    stage.state.settle();
    assert.deepEqual(named([second, stage.sent()]), [
      [1, 0],
      [1, 2],
    ]);
  });

  it('holds new batches back while the fate of one is open, and finds it out', () => {
    for (const isWritten of [true, false]) {
      const stage = new Stage();
      const [lost, later] = [stage.sent(), stage.sent()];
      lost.fail(() => new Error('its time is up'));
      stage.state.failed(stage.queue, lost, new Error('its time is up'), false);
      stage.state.lostTrack(stage.queue, lost);
      const next = new ProducerBatch(stage.queue, Buffer.alloc(200), 0, FORMAT);
      assert.equal(stage.state.maySend(stage.queue, next), false);
      if (isWritten) stage.state.acknowledged(stage.queue, later, 10);
      else {
        later.fail(() => new Error('its time is up, too'));
        stage.state.failed(stage.queue, later, new Error('its time is up, too'), false);
        stage.state.lostTrack(stage.queue, later);
      }
      stage.state.settle();
      // The later one was written: so was the one before it.
      assert.deepEqual(named([stage.sent()]), isWritten ? [[0, 4]] : [[1, 0]]);
    }
  });

  it('asks for another id when no epoch is left, and gives that to what waits', () => {
    const stage = new Stage(0x7fff);
    const [first, second] = [stage.sent(), stage.sent()];
    stage.state.failed(stage.queue, first, new BrokerError(ErrorCode.INVALID_RECORD, 't-0'), true);
    stage.state.settle();
    assert.equal(stage.state.hasId, false);
    assert.equal(stage.state.maySend(stage.queue, second), false);
    stage.state.setProducer({ id: 2n, epoch: 0 });
    assert.deepEqual(named([second]), [[0, 0]]);
    assert.equal(second.producerIdAndEpoch.id, 2n);
    assert.equal(stage.state.maySend(stage.queue, second), true);
  });

  it('begins another epoch when the broker has forgotten it', () => {
    const stage = new Stage();
    const batch = stage.sent();
    assert.equal(stage.mayRetry(batch, ErrorCode.UNKNOWN_PRODUCER_ID, -1), true);
    stage.state.settle();
    assert.deepEqual(named([batch]), [[0, 0]]);
    assert.equal(stage.mayRetry(batch, ErrorCode.UNKNOWN_PRODUCER_ID), true);
    stage.state.settle();
    assert.deepEqual(named([batch]), [[1, 0]]);
    // Its sequence is a new one now: the broker will take it.
    assert.equal(stage.mayRetry(batch, ErrorCode.UNKNOWN_PRODUCER_ID), true);
    stage.state.settle();
    assert.deepEqual(named([batch]), [[1, 0]]);
  });

  it('keeps the epoch of a partition until nothing of it is under way', () => {
    const stage = new Stage();
    const other = new PartitionQueue('t', 1);
    const batch = stage.sent();
    stage.state.failed(other, stage.sent(), new BrokerError(ErrorCode.INVALID_RECORD, 't-1'), true);
    stage.state.settle();
    const next = new ProducerBatch(stage.queue, Buffer.alloc(200), 0, FORMAT);
    assert.equal(stage.state.producer.epoch, 1);
    assert.equal(stage.state.maySend(stage.queue, next), false);
    assert.deepEqual(named([batch]), [[0, 0]]);
  });
});
