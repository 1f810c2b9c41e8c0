import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type {
  AlterPartitionCommand,
  AlterPartitionResult,
} from '../../../../src/kafka/metadata/alter-partition.ts';
import {
  AlterPartitionQueue,
  type IsrChange,
  type IsrChangeOutcome,
} from '../../../../src/kafka/replica/isr-changes.ts';
import { ZooKeeperIsrChanges } from '../../../../src/kafka/server/zookeeper-isr-changes.ts';
import { ErrorCode } from '../../../../src/wire/kafka/errors.ts';
import { logEnv } from '../../../support/log-env.ts';
import { settle } from '../../../support/settle.ts';

const TOPIC_ID = 'Bjv0gMjFRrS1EkfKZmOutg';

function change(partition: number, isr: readonly number[] = [1, 2]): IsrChange {
  return {
    topic: 't',
    topicId: TOPIC_ID,
    partition,
    leaderEpoch: 3,
    isr: isr.map((brokerId) => ({ brokerId, brokerEpoch: -1 })),
    leaderRecovering: false,
    partitionEpoch: 7,
    controllerEpoch: 4,
  };
}

function granted(
  { partitions }: AlterPartitionCommand,
  errorCode: number = ErrorCode.NONE,
): AlterPartitionResult {
  return {
    errorCode: ErrorCode.NONE,
    partitions: partitions.map(({ topic, topicId, partition, isr, partitionEpoch }) => ({
      topic,
      topicId,
      partition,
      errorCode,
      state:
        errorCode === ErrorCode.NONE
          ? {
              leader: 1,
              leaderEpoch: 3,
              isr: isr.map(({ brokerId }) => brokerId),
              leaderRecovering: false,
              partitionEpoch: partitionEpoch + 1,
            }
          : null,
    })),
  };
}

/** A queue, and a controller that answers when the test says so. */
class Queue {
  readonly env = logEnv();
  readonly asked: {
    command: AlterPartitionCommand;
    answer: (result: AlterPartitionResult | Error) => void;
  }[] = [];
  readonly outcomes: [number, IsrChangeOutcome][] = [];
  readonly queue = new AlterPartitionQueue(
    this.env,
    { brokerId: 1, brokerEpoch: () => 55 },
    {
      alterPartition: (command) =>
        new Promise((resolve, reject) => {
          const answer = (result: AlterPartitionResult | Error) =>
            result instanceof Error ? reject(result) : resolve(result);
          this.asked.push({ command, answer });
        }),
    },
  );

  submit(partition: number, isr?: readonly number[]): void {
    this.queue.submit(change(partition, isr), (outcome) => this.outcomes.push([partition, outcome]));
  }

  async pass(ms = 0): Promise<void> {
    this.env.time.advance(ms);
    await settle();
  }

  partitionsAsked(): number[][] {
    return this.asked.map(({ command }) => command.partitions.map(({ partition }) => partition));
  }
}

describe('the queue of ISR changes', () => {
  it('sends what has gathered together, one request at a time', async () => {
    const all = new Queue();
    all.submit(0);
    all.submit(1);
    await all.pass();
    all.submit(2);
    all.submit(3);
    await all.pass(1000);
    assert.deepEqual(all.partitionsAsked(), [[0, 1]]);
    const [first] = all.asked;
    assert.deepEqual([first?.command.brokerId, first?.command.brokerEpoch], [1, 55]);
    first?.answer(granted(first.command));
    await all.pass();
    await all.pass();
    assert.deepEqual(all.partitionsAsked(), [
      [0, 1],
      [2, 3],
    ]);
    const state = { leader: 1, leaderEpoch: 3, isr: [1, 2], leaderRecovering: false, partitionEpoch: 8 };
    assert.deepEqual(all.outcomes, [
      [0, { state }],
      [1, { state }],
    ]);
  });

  it('refuses a second change of a partition while the first is under way', async () => {
    const all = new Queue();
    all.submit(0);
    all.submit(0, [1]);
    assert.deepEqual(all.outcomes, [[0, { error: ErrorCode.OPERATION_NOT_ATTEMPTED }]]);
    await all.pass();
    assert.deepEqual(all.asked[0]?.command.partitions[0]?.isr.length, 2);
  });

  it('tells the error of a partition, and takes its next change', async () => {
    const all = new Queue();
    all.submit(0);
    await all.pass();
    const [first] = all.asked;
    first?.answer(granted(first.command, ErrorCode.INELIGIBLE_REPLICA));
    await all.pass();
    assert.deepEqual(all.outcomes, [[0, { error: ErrorCode.INELIGIBLE_REPLICA }]]);
    all.submit(0, [1]);
    await all.pass(49);
    assert.equal(all.asked.length, 1);
    await all.pass(1);
    assert.equal(all.asked.length, 2);
  });

  const failures: readonly [string, AlterPartitionResult | Error][] = [
    ['is not answered', new Error('lost')],
    ['is refused as a whole', { errorCode: ErrorCode.STALE_BROKER_EPOCH, partitions: [] }],
    ['is answered without a partition', { errorCode: ErrorCode.NONE, partitions: [] }],
  ];
  for (const [what, result] of failures) {
    it(`sends again what ${what}, with what came meanwhile`, async () => {
      const all = new Queue();
      all.submit(0);
      await all.pass();
      all.asked[0]?.answer(result);
      await all.pass();
      all.submit(1);
      await all.pass(49);
      assert.equal(all.asked.length, 1);
      await all.pass(1);
      assert.deepEqual(all.partitionsAsked(), [[0], [0, 1]]);
      assert.deepEqual(all.outcomes, []);
    });
  }

  it('asks nothing more once it is closed', async () => {
    const all = new Queue();
    all.submit(0);
    all.queue.close();
    await all.pass(1000);
    assert.equal(all.asked.length, 0);
    assert.equal(all.env.time.timersSet, 0);
  });
});

describe('ISR changes in ZooKeeper', () => {
  async function start(written: { leader: number; partitionEpoch: number } | null) {
    const env = logEnv();
    const told: number[][] = [];
    const topics = {
      changeIsr: async (
        _: unknown,
        {
          isr,
          leaderEpoch,
          controllerEpoch,
        }: { isr: readonly number[]; leaderEpoch: number; controllerEpoch: number },
      ) =>
        written && { ...written, isr, leaderEpoch, controllerEpoch, leaderRecovering: false, writtenZxid: 1 },
    };
    const isrChanged = async (partitions: readonly { partition: number }[]) => {
      told.push(partitions.map(({ partition }) => partition));
    };
    const changes = new ZooKeeperIsrChanges(env, topics, { isrChanged });
    const outcomes: IsrChangeOutcome[] = [];
    const submit = async (partition: number) => {
      changes.submit(change(partition), (outcome) => outcomes.push(outcome));
      await settle();
    };
    const pass = async (ms: number) => {
      env.time.advance(ms);
      await settle();
    };
    return { submit, pass, outcomes, told, changes };
  }

  it('are told to the controller when none has come for five seconds', async () => {
    const { submit, pass, outcomes, told, changes } = await start({ leader: 1, partitionEpoch: 8 });
    await submit(0);
    const state = { leader: 1, leaderEpoch: 3, isr: [1, 2], leaderRecovering: false, partitionEpoch: 8 };
    assert.deepEqual(outcomes, [{ state }]);
    await pass(2500);
    await submit(1);
    await pass(5000);
    assert.deepEqual(told, []);
    await pass(2500);
    assert.deepEqual(told, [[0, 1]]);
    await pass(60_000);
    assert.deepEqual(told, [[0, 1]]);
    changes.close();
  });

  it('fail when the state is another than the leader knows', async () => {
    const { submit, pass, outcomes, told, changes } = await start(null);
    await submit(0);
    assert.deepEqual(outcomes, [{ error: ErrorCode.INVALID_UPDATE_VERSION }]);
    await pass(60_000);
    assert.deepEqual(told, []);
    changes.close();
  });
});
