import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isKafkaError, type KafkaError } from '../../../../src/clients/kafka/kafka-error.ts';
import { Producer } from '../../../../src/clients/kafka/producer/producer.ts';
import type { ProducerOptions } from '../../../../src/clients/kafka/producer/producer-options.ts';
import { ErrorCode } from '../../../../src/wire/kafka/errors.ts';
import { ProduceRequest, ProduceResponse } from '../../../../src/wire/kafka/messages/00-produce.ts';
import {
  InitProducerIdRequest,
  InitProducerIdResponse,
} from '../../../../src/wire/kafka/messages/22-init-producer-id.ts';
import {
  AddPartitionsToTxnRequest,
  AddPartitionsToTxnResponse,
} from '../../../../src/wire/kafka/messages/24-add-partitions-to-txn.ts';
import {
  AddOffsetsToTxnRequest,
  AddOffsetsToTxnResponse,
} from '../../../../src/wire/kafka/messages/25-add-offsets-to-txn.ts';
import { EndTxnRequest, EndTxnResponse } from '../../../../src/wire/kafka/messages/26-end-txn.ts';
import {
  TxnOffsetCommitRequest,
  TxnOffsetCommitResponse,
} from '../../../../src/wire/kafka/messages/28-txn-offset-commit.ts';
import { batchesIn } from '../../../../src/wire/kafka/records/batch.ts';
import { ScriptedBrokers } from '../../../support/kafka/scripted-brokers.ts';

/** What an API answers next: an error, or nothing at all. */
type Mishap = number | 'hang up';
type Api = 'init' | 'partitions' | 'offsets' | 'offset commit' | 'end' | 'produce';

const PRODUCER_ID = 7n;

/** Brokers with a transaction coordinator that does as the test says; what it was asked, in order. */
class Coordinator {
  readonly brokers = new ScriptedBrokers();
  readonly seen: string[] = [];
  private readonly mishaps = new Map<Api, Mishap[]>();
  private epoch = 0;
  /** Of new transactions every one has an epoch of its own. */
  private readonly isNew: boolean;

  constructor(isNew: boolean) {
    this.isNew = isNew;
    const { brokers } = this;
    if (isNew) brokers.features = { 'transaction.version': 2 };
    brokers.on(InitProducerIdRequest, InitProducerIdResponse, ({ producerId, producerEpoch }) => {
      const mishap = this.next('init', producerId < 0n ? 'init' : `bump ${producerEpoch}`);
      if (mishap === 'hang up') return mishap;
      if (producerId >= 0n) this.epoch++;
      return { throttleTimeMs: 0, errorCode: mishap, producerId: PRODUCER_ID, producerEpoch: this.epoch };
    });
    brokers.on(AddPartitionsToTxnRequest, AddPartitionsToTxnResponse, ({ v3AndBelowTopics: topics }) => {
      const named = topics.map(({ name, partitions }) => `${name}-${partitions.toSorted()}`);
      const mishap = this.next('partitions', `add ${named}`);
      if (mishap === 'hang up') return mishap;
      const resultsByTopicV3AndBelow = topics.map(({ name, partitions }) => ({
        name,
        resultsByPartition: partitions.map((partitionIndex) => ({
          partitionIndex,
          partitionErrorCode: mishap,
        })),
      }));
      return { throttleTimeMs: 0, resultsByTopicV3AndBelow };
    });
    brokers.on(AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, ({ groupId }) => {
      const mishap = this.next('offsets', `add group ${groupId}`);
      return mishap === 'hang up' ? mishap : { throttleTimeMs: 0, errorCode: mishap };
    });
    brokers.on(TxnOffsetCommitRequest, TxnOffsetCommitResponse, ({ topics, memberId }) => {
      const mishap = this.next('offset commit', `offsets of ${memberId}`);
      if (mishap === 'hang up') return mishap;
      return {
        throttleTimeMs: 0,
        topics: topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: mishap })),
        })),
      };
    });
    brokers.on(EndTxnRequest, EndTxnResponse, ({ committed, producerEpoch }) => {
      const mishap = this.next('end', `${committed ? 'commit' : 'abort'} ${producerEpoch}`);
      if (mishap === 'hang up') return mishap;
      if (this.isNew) this.epoch++;
      return { throttleTimeMs: 0, errorCode: mishap, producerId: PRODUCER_ID, producerEpoch: this.epoch };
    });
    brokers.on(ProduceRequest, ProduceResponse, ({ topicData }) => this.produced(topicData));
  }

  /** The next answers of an API. */
  script(api: Api, ...mishaps: Mishap[]): void {
    this.mishaps.set(api, mishaps);
  }

  private next(api: Api, what: string): Mishap {
    this.seen.push(what);
    return this.mishaps.get(api)?.shift() ?? ErrorCode.NONE;
  }

  private produced(
    topics: readonly {
      readonly name: string;
      readonly topicId: string;
      readonly partitionData: readonly { readonly index: number; readonly records: Buffer | null }[];
    }[],
  ) {
    const batches = topics.flatMap(({ partitionData }) =>
      partitionData.flatMap(({ records }) => [...batchesIn(records ?? Buffer.alloc(0))]),
    );
    const named = batches.map(({ producerEpoch, baseSequence, isTransactional }) => {
      assert.equal(isTransactional, true);
      return `${producerEpoch}/${baseSequence}`;
    });
    const mishap = this.next('produce', `produce ${named}`);
    if (mishap === 'hang up') return mishap;
    const responses = topics.map(({ name, topicId, partitionData }) => ({
      // Old versions name topics, new ones number them.
      name,
      topicId,
      partitionResponses: partitionData.map(({ index }) => ({ index, errorCode: mishap, baseOffset: 0 })),
    }));
    return { responses, throttleTimeMs: 0, nodeEndpoints: [] };
  }
}

interface Story {
  readonly coordinator: Coordinator;
  readonly producer: Producer;
  send(): Promise<unknown>;
}

async function tell(
  isNew: boolean,
  story: (stage: Story) => Promise<void>,
  options: Omit<ProducerOptions, 'bootstrapServers'> = {},
): Promise<void> {
  const coordinator = new Coordinator(isNew);
  const { brokers } = coordinator;
  await brokers.sim.run(async () => {
    await brokers.listen();
    const { bootstrapServers } = brokers;
    const { env } = brokers.sim.host('client');
    const producer = new Producer(env, { bootstrapServers, transactionalId: 'id', ...options });
    const send = () => producer.send({ topic: 'orders', value: 'v' });
    await producer.initTransactions();
    await story({ coordinator, producer, send });
    await producer.close();
  });
}

const withCode = (code: KafkaError['code']) => (error: unknown) => isKafkaError(error, code);

describe('transactions of old brokers', () => {
  it('add partitions and groups before they are written, and go round', async () => {
    await tell(false, async ({ coordinator, producer, send }) => {
      for (const isCommit of [true, false]) {
        producer.beginTransaction();
        await Promise.all([send(), send()]);
        await send();
        await producer.sendOffsetsToTransaction([{ topic: 'orders', partition: 0, offset: 5 }], {
          groupId: 'g',
          memberId: 'm',
        });
        await (isCommit ? producer.commitTransaction() : producer.abortTransaction());
      }
      const offsets = ['add group g', 'offsets of m'];
      assert.deepEqual(coordinator.seen, [
        'init',
        ...['add orders-0', 'produce 0/0', 'produce 0/2', ...offsets, 'commit 0'],
        ...['add orders-0', 'produce 0/3', 'produce 0/5', ...offsets, 'abort 0'],
      ]);
    });
  });

  it('ask again after what passes, and another broker when the coordinator has moved', async () => {
    await tell(false, async ({ coordinator, producer, send }) => {
      coordinator.script('partitions', ErrorCode.CONCURRENT_TRANSACTIONS, 'hang up');
      coordinator.script('offsets', ErrorCode.COORDINATOR_LOAD_IN_PROGRESS);
      coordinator.script(
        'offset commit',
        ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
        ErrorCode.REQUEST_TIMED_OUT,
      );
      coordinator.script('end', 'hang up', ErrorCode.NOT_COORDINATOR);
      await producer.transaction(async () => {
        await send();
        coordinator.brokers.coordinatorId = 2;
        const offset = { topic: 'orders', partition: 0, offset: 5 };
        await producer.sendOffsetsToTransaction([offset], { groupId: 'g' });
      });
      const asked = coordinator.brokers.asked.filter((line) => line.endsWith('EndTxnRequest'));
      assert.equal(asked.at(-1), '2 EndTxnRequest');
      assert.equal(coordinator.seen.filter((line) => line === 'commit 0').length, 3);
      assert.equal(coordinator.seen.filter((line) => line === 'add orders-0').length, 3);
    });
  });

  it('can be aborted after a record was refused, and go on in another epoch', async () => {
    await tell(false, async ({ coordinator, producer, send }) => {
      coordinator.script('produce', ErrorCode.INVALID_RECORD);
      producer.beginTransaction();
      await assert.rejects(send(), withCode('INVALID_RECORD'));
      await assert.rejects(send(), withCode('TRANSACTION_ABORTABLE'));
      await assert.rejects(producer.commitTransaction(), withCode('TRANSACTION_ABORTABLE'));
      await producer.abortTransaction();
      await producer.transaction(send);
      assert.deepEqual(coordinator.seen, [
        'init',
        ...['add orders-0', 'produce 0/0', 'abort 0', 'bump 0'],
        ...['add orders-0', 'produce 1/0', 'commit 1'],
      ]);
    });
  });

  it('drop what waits when they are aborted, and have nothing to end when nothing was sent', async () => {
    await tell(false, async ({ coordinator, producer, send }) => {
      producer.beginTransaction();
      const sent = send();
      await producer.abortTransaction();
      await assert.rejects(sent, withCode('TRANSACTION_ABORTED'));
      producer.beginTransaction();
      await producer.commitTransaction();
      assert.deepEqual(coordinator.seen, ['init']);
    });
  });

  it('are aborted when the producer is closed in the midst of one', async () => {
    await tell(false, async ({ coordinator, producer, send }) => {
      producer.beginTransaction();
      const sent = send();
      await producer.close();
      await sent;
      assert.deepEqual(coordinator.seen, ['init', 'add orders-0', 'produce 0/0', 'abort 0']);
    });
  });
});

describe('transactions of new brokers', () => {
  it('need no request for their partitions, and have an epoch each', async () => {
    await tell(true, async ({ coordinator, producer, send }) => {
      for (const isCommit of [true, false]) {
        producer.beginTransaction();
        await send();
        await send();
        const offset = { topic: 'orders', partition: 0, offset: 5 };
        await producer.sendOffsetsToTransaction([offset], { groupId: 'g', memberId: 'm' });
        await (isCommit ? producer.commitTransaction() : producer.abortTransaction());
      }
      assert.deepEqual(coordinator.seen, [
        'init',
        ...['produce 0/0', 'produce 0/1', 'offsets of m', 'commit 0'],
        ...['produce 1/0', 'produce 1/1', 'offsets of m', 'abort 1'],
      ]);
    });
  });

  it('can be aborted when the broker says so, without an epoch to ask for', async () => {
    await tell(true, async ({ coordinator, producer, send }) => {
      coordinator.script('produce', ErrorCode.TRANSACTION_ABORTABLE);
      await assert.rejects(producer.transaction(send), withCode('TRANSACTION_ABORTABLE'));
      await producer.transaction(send);
      assert.deepEqual(coordinator.seen, ['init', 'produce 0/0', 'abort 0', 'produce 1/0', 'commit 1']);
    });
  });
});

for (const isNew of [false, true]) {
  describe(`transactions of ${isNew ? 'new' : 'old'} brokers, either way`, () => {
    it('are over for a producer that is fenced', async () => {
      await tell(isNew, async ({ coordinator, producer, send }) => {
        coordinator.script('end', ErrorCode.INVALID_PRODUCER_EPOCH);
        producer.beginTransaction();
        await send();
        await assert.rejects(producer.commitTransaction(), withCode('PRODUCER_FENCED'));
        await assert.rejects(producer.abortTransaction(), withCode('PRODUCER_FENCED'));
        assert.throws(() => producer.beginTransaction(), withCode('PRODUCER_FENCED'));
        await assert.rejects(send(), withCode('PRODUCER_FENCED'));
      });
    });

    it('can be aborted when the group has gone on without the consumer', async () => {
      await tell(isNew, async ({ coordinator, producer, send }) => {
        coordinator.script('offset commit', ErrorCode.ILLEGAL_GENERATION);
        producer.beginTransaction();
        await send();
        const offset = { topic: 'orders', partition: 0, offset: 5 };
        const group = { groupId: 'g', memberId: 'm', generationId: 3 };
        await assert.rejects(
          producer.sendOffsetsToTransaction([offset], group),
          withCode('ILLEGAL_GENERATION'),
        );
        await assert.rejects(producer.commitTransaction(), withCode('TRANSACTION_ABORTABLE'));
        await producer.abortTransaction();
        assert.equal(coordinator.seen.at(-1), 'abort 0');
      });
    });

    it('can be waited for again when a commit takes too long', async () => {
      await tell(
        isNew,
        async ({ coordinator, producer, send }) => {
          coordinator.script('end', ...Array<number>(20).fill(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS));
          producer.beginTransaction();
          await send();
          await assert.rejects(producer.commitTransaction(), withCode('TIMED_OUT'));
          await assert.rejects(producer.abortTransaction(), withCode('INVALID_STATE'));
          assert.throws(() => producer.beginTransaction(), withCode('INVALID_STATE'));
          coordinator.script('end');
          await producer.commitTransaction();
          await producer.transaction(send);
        },
        { maxBlockMs: 1000 },
      );
    });
  });
}

describe('a producer', () => {
  it('without a transactional id has no transactions', async () => {
    const brokers = new ScriptedBrokers();
    await brokers.sim.run(async () => {
      await brokers.listen();
      const { bootstrapServers } = brokers;
      await using producer = new Producer(brokers.sim.host('client').env, { bootstrapServers });
      await assert.rejects(producer.initTransactions(), withCode('INVALID_STATE'));
      assert.throws(() => producer.beginTransaction(), withCode('INVALID_STATE'));
    });
  });

  it('asks for an id again when the coordinator has aborted the first attempt', async () => {
    await tell(true, async ({ coordinator }) => {
      const other = new Producer(coordinator.brokers.sim.host('client').env, {
        bootstrapServers: coordinator.brokers.bootstrapServers,
        transactionalId: 'id',
      });
      coordinator.script('init', ErrorCode.TRANSACTION_ABORTABLE);
      await assert.rejects(other.initTransactions(), withCode('TRANSACTION_ABORTABLE'));
      await other.abortTransaction();
      await other.transaction(() => other.send({ topic: 'orders', value: 'v' }));
      await other.close();
    });
  });

  it('may ask for its id again when it was not allowed to have one', async () => {
    const coordinator = new Coordinator(false);
    const { brokers } = coordinator;
    coordinator.script('init', ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    await brokers.sim.run(async () => {
      await brokers.listen();
      const { bootstrapServers } = brokers;
      const { env } = brokers.sim.host('client');
      await using producer = new Producer(env, { bootstrapServers, transactionalId: 'id' });
      assert.throws(() => producer.beginTransaction(), withCode('INVALID_STATE'));
      await assert.rejects(producer.initTransactions(), withCode('TRANSACTIONAL_ID_AUTHORIZATION_FAILED'));
      await producer.initTransactions();
      await producer.transaction(() => producer.send({ topic: 'orders', value: 'v' }));
    });
  });
});
