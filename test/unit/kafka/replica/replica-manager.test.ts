import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { UnifiedLog } from '../../../../src/kafka/log/unified-log.ts';
import type { LeaderAndIsrPartition } from '../../../../src/kafka/metadata/controller-commands.ts';
import type { PartitionAppended } from '../../../../src/kafka/replica/delayed-produce.ts';
import type { FetchParams, PartitionFetched } from '../../../../src/kafka/replica/fetch.ts';
import { isRefused } from '../../../../src/kafka/replica/partition.ts';
import { ReplicaManager } from '../../../../src/kafka/replica/replica-manager.ts';
import { ErrorCode } from '../../../../src/wire/kafka/errors.ts';
import { BreakableDisk } from '../../../support/breakable-disk.ts';
import { replicaManagerOptions, TOPIC_SETTINGS } from '../../../support/kafka/replicas.ts';
import { testBatch } from '../../../support/log-batches.ts';
import { type LogEnv, loadedManager, logEnv } from '../../../support/log-env.ts';
import { settle } from '../../../support/settle.ts';

const ME = 1;
const TOPIC_ID = 'Bjv0gMjFRrS1EkfKZmOutg';
const A = { topic: 't', partition: 0 };
const B = { topic: 't', partition: 1 };

function state(changes: Partial<LeaderAndIsrPartition> = {}): LeaderAndIsrPartition {
  return {
    topic: 't',
    topicId: TOPIC_ID,
    partition: 0,
    isNew: true,
    leader: ME,
    leaderEpoch: 5,
    leaderRecovering: false,
    partitionEpoch: 0,
    controllerEpoch: 1,
    isr: [ME],
    replicas: [ME],
    addingReplicas: [],
    removingReplicas: [],
    ...changes,
  };
}

interface Parts {
  readonly env: LogEnv;
  readonly disks: BreakableDisk;
  readonly replicas: ReplicaManager;
  /** Gives partitions roles, as the controller would; answers with their error codes. */
  lead(...partitions: readonly Partial<LeaderAndIsrPartition>[]): readonly number[];
}

async function start(minInsyncReplicas = 1, hotTailBytes = 1024 * 1024): Promise<Parts> {
  const env = logEnv();
  const disks = new BreakableDisk(env.disk);
  const broken = { ...env, disk: disks.disk };
  const logManager = await loadedManager(broken, {
    logDirs: ['/a', '/b'],
    hotTailBytes,
    onLogDirFailure: (_, partitions) => replicas.markOffline(partitions),
  });
  const settingsFor = () => ({ ...TOPIC_SETTINGS, minInsyncReplicas });
  const replicas: ReplicaManager = new ReplicaManager(
    broken,
    replicaManagerOptions(ME, logManager, { settingsFor }),
  );
  const lead = (...partitions: readonly Partial<LeaderAndIsrPartition>[]) =>
    replicas
      .applyLeaderAndIsr({
        kind: 'leaderAndIsr',
        controllerId: ME,
        controllerEpoch: 1,
        brokerEpoch: 1,
        partitions: partitions.map(state),
      })
      .partitions.map(({ errorCode }) => errorCode);
  return { env, disks, replicas, lead };
}

/** What a call came to, or `waiting` as long as it has no answer. */
class Outcome<T> {
  value: T | 'waiting' = 'waiting';

  constructor(answer: T | Promise<T>) {
    if (!(answer instanceof Promise)) this.value = answer;
    else {
      answer.then((value) => {
        this.value = value;
      }, assert.ifError);
    }
  }
}

function errorsOf(outcome: Outcome<readonly (PartitionAppended | PartitionFetched)[]>): unknown {
  return outcome.value === 'waiting' ? 'waiting' : outcome.value.map(({ error }) => error);
}

function append(replicas: ReplicaManager, acks: number, partitions = [A]): Outcome<PartitionAppended[]> {
  const requests = partitions.map((topicPartition) => ({ topicPartition, records: testBatch() }));
  return new Outcome(replicas.append({ acks, timeoutMs: 1000, origin: 'client' }, requests));
}

const CONSUMER: FetchParams = {
  replicaId: -1,
  replicaEpoch: -1,
  client: undefined,
  isolation: 'high-watermark',
  maxWaitMs: 500,
  minBytes: 1,
  maxBytes: 1_000_000,
  hardMaxBytes: false,
};

function fetch(
  replicas: ReplicaManager,
  params: Partial<FetchParams> = {},
  offsets: readonly [{ topic: string; partition: number }, number][] = [[A, 0]],
): Outcome<PartitionFetched[]> {
  const requests = offsets.map(([topicPartition, fetchOffset]) => ({
    topicPartition,
    topicId: undefined,
    fetchOffset,
    maxBytes: 1_000_000,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    logStartOffset: 0,
  }));
  return new Outcome(replicas.fetch({ ...CONSUMER, ...params }, requests));
}

/** A follower has everything below the offset, as its fetch from there says. */
function followerAt(replicas: ReplicaManager, offset: number): void {
  fetch(replicas, { replicaId: 2, isolation: 'log-end', maxWaitMs: 0 }, [[A, offset]]);
}

function logOf(replicas: ReplicaManager, topicPartition = A): UnifiedLog {
  const partition = replicas.lookup(topicPartition);
  assert(!isRefused(partition) && partition.localLog !== undefined);
  return partition.localLog;
}

describe('appending with acks=all', () => {
  const both = { replicas: [ME, 2], isr: [ME, 2] };

  it('is answered when every replica in sync has the records', async () => {
    const { replicas, lead } = await start();
    lead(both);
    const first = append(replicas, -1);
    const second = append(replicas, -1);
    assert.deepEqual(replicas.waiting, { produces: 2, fetches: 0, deletes: 0 });
    followerAt(replicas, 1);
    await settle();
    assert.deepEqual([errorsOf(first), errorsOf(second)], [[ErrorCode.NONE], 'waiting']);
    followerAt(replicas, 2);
    await settle();
    assert.deepEqual(errorsOf(second), [ErrorCode.NONE]);
    assert.deepEqual(replicas.waiting, { produces: 0, fetches: 0, deletes: 0 });
  });

  it('is not waited for with acks=1', async () => {
    const { replicas, lead } = await start();
    lead(both);
    assert.deepEqual(errorsOf(append(replicas, 1)), [ErrorCode.NONE]);
    assert.equal(logOf(replicas).highWatermark, 0);
  });

  it('is answered with an error when the time is up; the records stay', async () => {
    const { env, replicas, lead } = await start();
    lead(both);
    const outcome = append(replicas, -1);
    env.time.advance(999);
    await settle();
    assert.equal(errorsOf(outcome), 'waiting');
    env.time.advance(1);
    await settle();
    assert.deepEqual(errorsOf(outcome), [ErrorCode.REQUEST_TIMED_OUT]);
    assert.equal(logOf(replicas).logEndOffset, 1);
  });

  it('is answered when the replica that lags is taken out of sync', async () => {
    const { replicas, lead } = await start();
    lead(both);
    const outcome = append(replicas, -1);
    lead({ ...both, isr: [ME], leaderEpoch: 6 });
    await settle();
    assert.deepEqual(errorsOf(outcome), [ErrorCode.NONE]);
  });

  it('is not answered by too few replicas, and what was appended is not committed', async () => {
    const { env, replicas, lead } = await start(2);
    lead(both);
    const outcome = append(replicas, -1);
    lead({ ...both, isr: [ME], leaderEpoch: 6 });
    env.time.advance(1000);
    await settle();
    assert.deepEqual(errorsOf(outcome), [ErrorCode.REQUEST_TIMED_OUT]);
    assert.equal(logOf(replicas).highWatermark, 0);
    assert.deepEqual(errorsOf(append(replicas, -1)), [ErrorCode.NOT_ENOUGH_REPLICAS]);
    assert.deepEqual(errorsOf(append(replicas, 1)), [ErrorCode.NONE]);
  });

  it('asks for no more replicas in sync than there are', async () => {
    const { replicas, lead } = await start(2);
    lead({});
    assert.deepEqual(errorsOf(append(replicas, -1)), [ErrorCode.NONE]);
  });

  it('ends when the lead goes to another broker', async () => {
    const { replicas, lead } = await start();
    lead(both);
    const outcome = append(replicas, -1);
    lead({ ...both, leader: 2, leaderEpoch: 6 });
    await settle();
    assert.deepEqual(errorsOf(outcome), [ErrorCode.NOT_LEADER_OR_FOLLOWER]);
    assert.deepEqual(errorsOf(append(replicas, -1)), [ErrorCode.NOT_LEADER_OR_FOLLOWER]);
  });

  it('waits for all of its partitions', async () => {
    const { replicas, lead } = await start();
    lead(both, { partition: 1 });
    const outcome = append(replicas, -1, [A, B]);
    assert.equal(errorsOf(outcome), 'waiting');
    followerAt(replicas, 1);
    await settle();
    assert.deepEqual(errorsOf(outcome), [ErrorCode.NONE, ErrorCode.NONE]);
  });

  it('is answered at the latest when the broker closes', async () => {
    const { replicas, lead } = await start();
    lead(both);
    const outcome = append(replicas, -1);
    replicas.close();
    await settle();
    assert.deepEqual(errorsOf(outcome), [ErrorCode.REQUEST_TIMED_OUT]);
  });
});

describe('a fetch that finds too little', () => {
  it('waits for the next append', async () => {
    const { replicas, lead } = await start();
    lead({});
    const outcome = fetch(replicas);
    assert.equal(errorsOf(outcome), 'waiting');
    append(replicas, 1);
    await settle();
    assert(outcome.value !== 'waiting');
    assert.deepEqual(
      outcome.value.map(({ error, bytes, highWatermark }) => ({ error, bytes, highWatermark })),
      [{ error: ErrorCode.NONE, bytes: testBatch().length, highWatermark: 1 }],
    );
  });

  it('waits until there are as many bytes as it asked for, over its partitions', async () => {
    const { replicas, lead } = await start();
    lead({}, { partition: 1 });
    const minBytes = 2 * testBatch().length;
    const outcome = fetch(replicas, { minBytes }, [
      [A, 0],
      [B, 0],
    ]);
    append(replicas, 1, [A]);
    await settle();
    assert.equal(errorsOf(outcome), 'waiting');
    append(replicas, 1, [B]);
    await settle();
    assert.deepEqual(errorsOf(outcome), [ErrorCode.NONE, ErrorCode.NONE]);
  });

  it('does not see what is not yet replicated, and wakes when it is', async () => {
    const { replicas, lead } = await start();
    lead({ replicas: [ME, 2], isr: [ME, 2] });
    const outcome = fetch(replicas);
    append(replicas, 1);
    await settle();
    assert.equal(errorsOf(outcome), 'waiting');
    followerAt(replicas, 1);
    await settle();
    assert.deepEqual(errorsOf(outcome), [ErrorCode.NONE]);
  });

  it('is answered with nothing when its time is up', async () => {
    const { env, replicas, lead } = await start();
    lead({});
    const outcome = fetch(replicas);
    env.time.advance(500);
    await settle();
    assert(outcome.value !== 'waiting');
    assert.deepEqual(
      outcome.value.map(({ error, bytes }) => [error, bytes]),
      [[ErrorCode.NONE, 0]],
    );
    assert.equal(replicas.waiting.fetches, 0);
  });

  it('does not wait when one of its partitions has an error', async () => {
    const { replicas, lead } = await start();
    lead({});
    const strange = { topic: 'strange', partition: 0 };
    assert.deepEqual(
      errorsOf(
        fetch(replicas, {}, [
          [A, 0],
          [strange, 0],
        ]),
      ),
      [ErrorCode.NONE, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    );
    assert.deepEqual(errorsOf(fetch(replicas, {}, [[A, 9]])), [ErrorCode.OFFSET_OUT_OF_RANGE]);
  });

  it('learns of a lost lead', async () => {
    const { replicas, lead } = await start();
    lead({ replicas: [ME, 2], isr: [ME, 2] });
    const outcome = fetch(replicas);
    lead({ replicas: [ME, 2], isr: [ME, 2], leader: 2, leaderEpoch: 6 });
    await settle();
    assert.deepEqual(errorsOf(outcome), [ErrorCode.NOT_LEADER_OR_FOLLOWER]);
  });
});

describe('a follower that reads from the disk', () => {
  const both = { replicas: [ME, 2], isr: [ME, 2] };

  it('counts by what it fetches, as one that reads from memory', async () => {
    const { replicas, lead } = await start(1, 0);
    lead(both);
    append(replicas, 1);
    append(replicas, 1);
    const outcome = fetch(replicas, { replicaId: 2, isolation: 'log-end' }, [[A, 1]]);
    assert.equal(outcome.value, 'waiting');
    for (let turn = 0; outcome.value === 'waiting' && turn < 20; turn++) await settle();
    assert.deepEqual(errorsOf(outcome), [ErrorCode.NONE]);
    assert.equal(logOf(replicas).highWatermark, 1);
  });

  it('learns that another leader epoch has begun meanwhile', async () => {
    const { replicas, lead } = await start(1, 0);
    lead(both);
    append(replicas, 1);
    append(replicas, 1);
    const requests = [
      {
        topicPartition: A,
        topicId: undefined,
        fetchOffset: 1,
        maxBytes: 1000,
        currentLeaderEpoch: 5,
        lastFetchedEpoch: -1,
        logStartOffset: 0,
      },
    ];
    const outcome = new Outcome(
      replicas.fetch({ ...CONSUMER, replicaId: 2, isolation: 'log-end' }, requests),
    );
    lead({ ...both, leaderEpoch: 6 });
    for (let turn = 0; outcome.value === 'waiting' && turn < 20; turn++) await settle();
    assert.deepEqual(errorsOf(outcome), [ErrorCode.FENCED_LEADER_EPOCH]);
    assert.equal(logOf(replicas).highWatermark, 0);
  });
});

describe('a log directory that fails', () => {
  it('is told to those who wait for its partitions, and harms nobody else', async () => {
    const { env, disks, replicas, lead } = await start();
    lead({}, { partition: 1 });
    const [broken, sound] = logOf(replicas, A).logDir === '/a' ? [A, B] : [B, A];
    const outcome = fetch(replicas, { minBytes: 10_000 }, [
      [A, 0],
      [B, 0],
    ]);
    disks.break('/a');
    assert.throws(() => logOf(replicas, broken).rename('t-0.gone-delete'));
    // The append to the other directory looks at what waits, the fetch of the failed one among it.
    assert.deepEqual(errorsOf(append(replicas, 1, [sound])), [ErrorCode.NONE]);
    env.time.advance(500);
    await settle();
    assert(outcome.value !== 'waiting');
    const byPartition = new Map(
      [A, B].map((place, index) => [place, outcome.value[index] as PartitionFetched]),
    );
    assert.equal(byPartition.get(broken)?.error, ErrorCode.KAFKA_STORAGE_ERROR);
    assert.equal(byPartition.get(sound)?.error, ErrorCode.NONE);
    assert.deepEqual(errorsOf(append(replicas, 1, [broken])), [ErrorCode.KAFKA_STORAGE_ERROR]);
  });

  it('answers the controller that removes a replica from it', async () => {
    const { disks, replicas, lead } = await start();
    lead({});
    disks.break(logOf(replicas).logDir);
    const { partitions } = replicas.applyStopReplica({
      kind: 'stopReplica',
      controllerId: ME,
      controllerEpoch: 1,
      brokerEpoch: 1,
      partitions: [{ ...A, leaderEpoch: -2, deletePartition: true }],
    });
    assert.deepEqual(
      partitions.map(({ errorCode }) => errorCode),
      [ErrorCode.KAFKA_STORAGE_ERROR],
    );
  });
});

describe('commands of a controller', () => {
  it('are refused when they are of the past', async () => {
    const { replicas, lead } = await start();
    assert.deepEqual(lead({ leaderEpoch: 5 }), [ErrorCode.NONE]);
    assert.deepEqual(lead({ leaderEpoch: 4 }), [ErrorCode.STALE_CONTROLLER_EPOCH]);
    assert.deepEqual(lead({ leaderEpoch: 6, topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' }), [
      ErrorCode.INCONSISTENT_TOPIC_ID,
    ]);
    assert.deepEqual(lead({ partition: 7, replicas: [2], isr: [2], leader: 2 }), [
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ]);
    const header = { controllerId: 9, controllerEpoch: 0, brokerEpoch: 1 };
    const old = replicas.applyLeaderAndIsr({ kind: 'leaderAndIsr', ...header, partitions: [state()] });
    assert.equal(old.errorCode, ErrorCode.STALE_CONTROLLER_EPOCH);
    const stop = replicas.applyStopReplica({ kind: 'stopReplica', ...header, partitions: [] });
    assert.equal(stop.errorCode, ErrorCode.STALE_CONTROLLER_EPOCH);
  });

  it('set a replica going again that was stopped, in the same leader epoch', async () => {
    const { replicas, lead } = await start();
    const both = { replicas: [ME, 2], isr: [ME, 2] };
    lead(both);
    append(replicas, 1);
    const stopped = replicas.applyStopReplica({
      kind: 'stopReplica',
      controllerId: ME,
      controllerEpoch: 1,
      brokerEpoch: 1,
      partitions: [{ ...A, leaderEpoch: 5, deletePartition: false }],
    });
    assert.equal(stopped.partitions[0]?.errorCode, ErrorCode.NONE);
    assert.deepEqual(errorsOf(append(replicas, 1)), [ErrorCode.NOT_LEADER_OR_FOLLOWER]);
    assert.deepEqual(lead(both), [ErrorCode.NONE]);
    assert.deepEqual(errorsOf(append(replicas, 1)), [ErrorCode.NONE]);
    assert.deepEqual(lead(both), [ErrorCode.STALE_CONTROLLER_EPOCH]);
    assert.equal(logOf(replicas).logEndOffset, 2);
  });

  it('begin a leader epoch in the log, and count followers anew', async () => {
    const { replicas, lead } = await start();
    const both = { replicas: [ME, 2], isr: [ME, 2] };
    lead(both);
    append(replicas, 1);
    followerAt(replicas, 1);
    assert.equal(logOf(replicas).highWatermark, 1);
    lead({ ...both, leaderEpoch: 6 });
    append(replicas, 1);
    assert.deepEqual(
      [logOf(replicas).highWatermark, logOf(replicas).latestEpoch, logOf(replicas).endOffsetForEpoch(5)],
      [1, 6, { leaderEpoch: 5, endOffset: 1 }],
    );
    followerAt(replicas, 2);
    assert.equal(logOf(replicas).highWatermark, 2);
  });
});
