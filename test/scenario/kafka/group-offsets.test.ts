import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { groupCodec } from '../../../src/kafka/coordinator/group/group-codec.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import { buildBatch } from '../../../src/wire/kafka/records/builder.ts';
import { buildEndTransactionMarker } from '../../../src/wire/kafka/records/control.ts';
import { flush, GROUP, GroupHarness } from '../../support/group-harness.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const CHECK_MS = 600_000;

/** A consumer's subscription, version 0. */
function subscription(...topics: string[]): Buffer {
  const parts = topics.flatMap((topic) => {
    const length = Buffer.alloc(2);
    length.writeInt16BE(topic.length);
    return [length, Buffer.from(topic)];
  });
  const head = Buffer.alloc(6);
  head.writeInt32BE(topics.length, 2);
  return Buffer.concat([head, ...parts, Buffer.from([0xff, 0xff, 0xff, 0xff])]);
}

/** A stable group of one consumer of the topics. */
async function consumerOf(
  group: GroupHarness,
  ...topics: string[]
): Promise<{ memberId: string; generation: number }> {
  const protocols = [{ name: 'range', metadata: subscription(...topics) }];
  const { memberId, joined } = await group.enter({ protocols, sessionTimeoutMs: 1_800_000 });
  await group.pass(3000);
  const { generation } = await joined.promise;
  await group.sync(memberId, generation, { [memberId]: 'all' }).promise;
  return { memberId, generation };
}

function transactionalCommit(producerId: bigint, topic: string, offset: number): Buffer {
  const value = { offset, leaderEpoch: -1, metadata: '', commitTimestampMs: 1, expireTimestampMs: -1 };
  const record = groupCodec.encode({ type: 'offset', group: GROUP, topic, partition: 0, value });
  return buildBatch([{ timestamp: 1, ...record }], {
    producerId,
    producerEpoch: 0,
    transactional: true,
    baseSequence: 0,
  });
}

describe('committed offsets', () => {
  it('a consumer without a group commits and fetches', async () => {
    const group = await GroupHarness.started();
    assert.deepEqual(await group.commit({ 'a-0': 5, 'a-1': 6, 'b-0': 7 }).promise, [0, 0, 0]);
    assert.deepEqual(group.committed(), { 'a-0': 5, 'a-1': 6, 'b-0': 7 });
    const fetched = group.coordinator.fetchOffsets(GROUP, [{ topic: 'a', partitions: [1, 9] }], false);
    assert.deepEqual(fetched.topics, [
      {
        topic: 'a',
        partitions: [
          { partition: 1, error: 0, offset: 6, leaderEpoch: 3, metadata: 'm' },
          { partition: 9, error: 0, offset: -1, leaderEpoch: -1, metadata: '' },
        ],
      },
    ]);
    assert.equal(group.state, 'Empty');
    assert.deepEqual(group.committed('no-such-group'), {});
    assert.deepEqual(
      await group.commit({ 'a-0': 1 }, { groupId: '' }).promise,
      [0],
      'the empty group id is allowed',
    );
  });

  it('who may commit, by state of the group', async () => {
    const group = await GroupHarness.started();
    assert.deepEqual(await group.commit({ 'a-0': 1 }, { generation: 3, memberId: 'm' }).promise, [
      ErrorCode.ILLEGAL_GENERATION,
    ]);
    assert.equal(group.state, 'Dead', 'a refused commit makes no group');
    const [first = '', second = ''] = await group.stableGroup(2);
    const by = async (memberId: string, generation: number): Promise<number | undefined> =>
      (await group.commit({ 'a-0': 1 }, { memberId, generation }).promise)[0];
    assert.equal(await by(first, 1), 0);
    assert.equal(await by(first, 0), ErrorCode.ILLEGAL_GENERATION);
    assert.equal(await by('stranger', 1), ErrorCode.UNKNOWN_MEMBER_ID);
    assert.equal(
      await by('', -1),
      ErrorCode.UNKNOWN_MEMBER_ID,
      'outsiders do not commit for a group with members',
    );
    const joins = [group.join({ memberId: first })];
    assert.equal(group.state, 'PreparingRebalance');
    assert.equal(await by(second, 1), 0, 'members commit until all have joined');
    joins.push(group.join({ memberId: second }));
    await Promise.all(joins.map(({ promise }) => promise));
    assert.equal(await by(first, 1), ErrorCode.ILLEGAL_GENERATION);
    assert.equal(await by(first, 2), ErrorCode.REBALANCE_IN_PROGRESS);
  });

  it('a commit keeps the session alive', async () => {
    const group = await GroupHarness.started();
    const [first = ''] = await group.stableGroup(1);
    for (let i = 0; i < 5; i++) {
      await group.pass(9_000);
      await group.commit({ 'a-0': i }, { memberId: first, generation: 1 }).promise;
    }
    assert.equal(await group.heartbeat(first, 1), 0);
  });

  it('metadata beyond the limit is refused for its partition alone', async () => {
    const group = await GroupHarness.started({ offsetMetadataMaxBytes: 4 });
    const commit = (metadata: string) => group.commit({ 'a-0': 1 }, { metadata }).promise;
    assert.deepEqual(await commit('1234'), [0]);
    assert.deepEqual(await commit('12345'), [ErrorCode.OFFSET_METADATA_TOO_LARGE]);
    const each = (partition: number, metadata: string | null) => ({
      topic: 'b',
      partition,
      offset: 9,
      leaderEpoch: -1,
      metadata,
      commitTimestampMs: -1,
    });
    const mixed = await group.coordinator.commitOffsets({
      groupId: GROUP,
      memberId: '',
      groupInstanceId: null,
      generation: -1,
      retentionMs: -1,
      offsets: [each(0, 'too long'), each(1, null)],
    });
    assert.deepEqual(mixed, [ErrorCode.OFFSET_METADATA_TOO_LARGE, 0]);
    assert.deepEqual(group.committed(), { 'a-0': 1, 'b-1': 9 });
  });

  it('an offset shows when it is committed, not before, and is unstable meanwhile', async () => {
    const group = await GroupHarness.started();
    await group.commit({ 'a-0': 1 }).promise;
    group.log.commitAtOnce = false;
    const second = group.commit({ 'a-0': 2 });
    const third = group.commit({ 'a-0': 3, 'a-1': 1 });
    await flush();
    assert.equal(second.value, undefined);
    assert.deepEqual(group.committed(), { 'a-0': 1 });
    assert.deepEqual(group.committed(GROUP, true), { 'a-0': `error ${ErrorCode.UNSTABLE_OFFSET_COMMIT}` });
    group.log.commit(2);
    await flush();
    assert.deepEqual([second.value, third.value], [[0], undefined]);
    assert.deepEqual(group.committed(), { 'a-0': 2 });
    group.log.commit();
    assert.deepEqual(await third.promise, [0, 0]);
    assert.deepEqual(group.committed(GROUP, true), { 'a-0': 3, 'a-1': 1 });
  });

  it('a commit that waits too long is answered, and takes effect when the log has it after all', async () => {
    const group = await GroupHarness.started();
    group.log.commitAtOnce = false;
    const slow = group.commit({ 'a-0': 1 });
    await group.pass(5_000);
    assert.deepEqual(slow.value, [ErrorCode.REQUEST_TIMED_OUT]);
    assert.deepEqual(group.committed(), {});
    group.log.commit();
    assert.deepEqual(group.committed(), { 'a-0': 1 });
  });

  for (const [append, answered] of [
    [ErrorCode.NOT_ENOUGH_REPLICAS, ErrorCode.COORDINATOR_NOT_AVAILABLE],
    [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.COORDINATOR_NOT_AVAILABLE],
    [ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.NOT_COORDINATOR],
    [ErrorCode.KAFKA_STORAGE_ERROR, ErrorCode.NOT_COORDINATOR],
    [ErrorCode.MESSAGE_TOO_LARGE, ErrorCode.INVALID_COMMIT_OFFSET_SIZE],
    [ErrorCode.CORRUPT_MESSAGE, ErrorCode.CORRUPT_MESSAGE],
  ] as const) {
    it(`an append that fails with ${append} changes nothing and answers ${answered}`, async () => {
      const group = await GroupHarness.started();
      group.log.appendError = append;
      assert.deepEqual(await group.commit({ 'a-0': 1 }).promise, [answered]);
      assert.deepEqual(group.committed(GROUP, true), {});
      assert.equal(group.state, 'Dead');
    });
  }

  it('offsets of a transaction take effect with its end, and never go back behind a later commit', async () => {
    const group = await GroupHarness.started();
    group.log.appendRaw(transactionalCommit(7n, 'a', 10));
    group.log.appendRaw(transactionalCommit(8n, 'b', 20));
    await group.failOver();
    assert.deepEqual(group.committed(), {});
    const unstable = group.coordinator.fetchOffsets(GROUP, [{ topic: 'a', partitions: [0] }], true);
    assert.equal(unstable.topics[0]?.partitions[0]?.error, ErrorCode.UNSTABLE_OFFSET_COMMIT);
    await group.commit({ 'a-0': 11 }).promise;
    const end = { timestampMs: 1, producerEpoch: 0 };
    group.log.appendRaw(
      buildEndTransactionMarker({ type: 'COMMIT', coordinatorEpoch: 0 }, { ...end, producerId: 7n }),
    );
    group.log.appendRaw(
      buildEndTransactionMarker({ type: 'ABORT', coordinatorEpoch: 0 }, { ...end, producerId: 8n }),
    );
    await group.failOver();
    assert.deepEqual(group.committed(GROUP, true), { 'a-0': 11 });
  });
});

describe('expiry of offsets (KIP-211)', () => {
  it('offsets of a consumer without a group expire by their commits', async () => {
    const group = await GroupHarness.started();
    await group.commit({ 'a-0': 1 }).promise;
    await group.pass(6 * DAY_MS);
    await group.commit({ 'a-1': 1 }).promise;
    await group.pass(DAY_MS + CHECK_MS);
    assert.deepEqual(group.committed(), { 'a-1': 1 });
    await group.pass(6 * DAY_MS);
    assert.deepEqual(group.committed(), {});
    assert.equal(group.state, 'Dead');
    assert.deepEqual(group.log.replay(), group.shard.store);
  });

  it('offsets of a group without members expire by when the last one left', async () => {
    const group = await GroupHarness.started();
    const { memberId, generation } = await consumerOf(group, 'a');
    await group.commit({ 'a-0': 1 }, { memberId, generation }).promise;
    for (let days = 0; days < 10; days++) {
      for (let i = 0; i < 72; i++) {
        await group.heartbeat(memberId, generation);
        await group.pass(DAY_MS / 72);
      }
    }
    assert.deepEqual(group.committed(), { 'a-0': 1 }, 'a topic that is read keeps its offsets');
    await group.leave(memberId);
    await group.pass(7 * DAY_MS - CHECK_MS);
    assert.deepEqual(group.committed(), { 'a-0': 1 });
    await group.failOver();
    await group.pass(2 * CHECK_MS);
    assert.equal(group.state, 'Dead');
    assert.deepEqual(group.shard.store.groups, new Map(), 'the group record is gone too');
    await group.failOver();
    assert.equal(group.state, 'Dead');
  });

  it('a stable group loses offsets of topics that it does not read any more', async () => {
    const group = await GroupHarness.started();
    const { memberId, generation } = await consumerOf(group, 'a', 'b');
    await group.commit({ 'a-0': 1, 'b-0': 1, 'c-0': 1 }, { memberId, generation }).promise;
    for (let i = 0; i < 8 * 72; i++) {
      await group.heartbeat(memberId, generation);
      await group.pass(DAY_MS / 72);
    }
    assert.deepEqual(group.committed(), { 'a-0': 1, 'b-0': 1 });
    assert.equal(group.state, 'Stable');
  });

  it('a group whose subscriptions cannot be read loses none', async () => {
    const group = await GroupHarness.started();
    const { memberId, joined } = await group.enter({
      protocolType: 'connect',
      sessionTimeoutMs: 1_800_000,
      protocols: [{ name: 'eager', metadata: Buffer.from('x') }],
    });
    await group.pass(3000);
    await joined.promise;
    const synced = group.coordinator.sync({
      groupId: GROUP,
      memberId,
      groupInstanceId: null,
      generation: 1,
      protocolType: null,
      protocolName: null,
      assignments: [],
    });
    assert.equal((await synced).error, 0);
    await group.commit({ 'a-0': 1 }, { memberId, generation: 1 }).promise;
    for (let i = 0; i < 8 * 72; i++) {
      await group.heartbeat(memberId, 1);
      await group.pass(DAY_MS / 72);
    }
    assert.deepEqual(group.committed(), { 'a-0': 1 });
  });

  it('a retention of the client itself (OffsetCommit 2-4) goes first', async () => {
    const group = await GroupHarness.started();
    await group.commit({ 'a-0': 1 }, { retentionMs: 3_600_000 }).promise;
    await group.failOver();
    await group.pass(3_600_000 - CHECK_MS);
    assert.deepEqual(group.committed(), { 'a-0': 1 });
    await group.pass(2 * CHECK_MS);
    assert.deepEqual(group.committed(), {});
  });

  it('expiry leaves a partition alone whose next offset is under way', async () => {
    const group = await GroupHarness.started();
    await group.commit({ 'a-0': 1 }).promise;
    await group.pass(7 * DAY_MS - 1000);
    group.log.commitAtOnce = false;
    group.commit({ 'a-0': 2 });
    await group.pass(CHECK_MS);
    group.log.commit();
    group.log.commitAtOnce = true;
    assert.deepEqual(group.committed(), { 'a-0': 2 });
    assert.equal(group.state, 'Empty');
  });

  it('many tombstones go out in batches that the topic takes', async () => {
    const group = await GroupHarness.started();
    const names = Array.from({ length: 100 }, (_, i) => [`topic-with-some-name-${i}-0`, i] as const);
    await group.commit(Object.fromEntries(names)).promise;
    group.log.maxBytes = 1000;
    const before = group.log.batches.length;
    await group.pass(8 * DAY_MS);
    assert.ok(group.log.batches.length - before >= 6);
    assert.ok(group.log.batches.slice(before).every(({ bytes }) => bytes.length <= 1000));
    assert.equal(group.state, 'Dead');
  });
});

describe('deletion', () => {
  it('an empty group goes with all its offsets; one with members, or none at all, does not', async () => {
    const group = await GroupHarness.started();
    const [only = ''] = await group.stableGroup(1);
    await group.commit({ 'a-0': 1 }, { memberId: only, generation: 1 }).promise;
    await group.commit({ 'a-0': 1 }, { groupId: 'other' }).promise;
    const errors = await group.coordinator.deleteGroups([GROUP, 'other', 'none', GROUP]);
    assert.deepEqual([...errors].sort(), [
      ['none', ErrorCode.GROUP_ID_NOT_FOUND],
      ['other', 0],
      [GROUP, ErrorCode.NON_EMPTY_GROUP],
    ]);
    await group.leave(only);
    assert.equal((await group.coordinator.deleteGroups([GROUP])).get(GROUP), 0);
    assert.deepEqual(group.log.replay().groups, new Map());
    assert.deepEqual(group.committed(), {});
    assert.deepEqual(group.coordinator.list([], []).groups, []);
  });

  it('nobody joins or commits while the deletion is being written, and everyone can again after it', async () => {
    const group = await GroupHarness.started();
    await group.leave(...(await group.stableGroup(1)));
    group.log.commitAtOnce = false;
    const deletion = group.coordinator.deleteGroups([GROUP]);
    assert.equal(group.state, 'Dead');
    assert.equal((await group.join().promise).error, ErrorCode.COORDINATOR_NOT_AVAILABLE);
    assert.deepEqual(await group.commit({ 'a-0': 1 }).promise, [ErrorCode.COORDINATOR_NOT_AVAILABLE]);
    group.log.commit();
    assert.equal((await deletion).get(GROUP), 0);
    assert.equal((await group.join().promise).error, ErrorCode.MEMBER_ID_REQUIRED);
  });

  it('a deletion that cannot be written leaves the group as it was', async () => {
    const group = await GroupHarness.started();
    await group.commit({ 'a-0': 1 }).promise;
    group.log.appendError = ErrorCode.NOT_ENOUGH_REPLICAS;
    const errors = await group.coordinator.deleteGroups([GROUP]);
    assert.equal(errors.get(GROUP), ErrorCode.COORDINATOR_NOT_AVAILABLE);
    assert.deepEqual([group.state, group.committed()], ['Empty', { 'a-0': 1 }]);
  });

  it('a commit under way when the group is deleted does not come back with a failover', async () => {
    const group = await GroupHarness.started();
    await group.commit({ 'a-0': 1 }).promise;
    group.log.commitAtOnce = false;
    group.commit({ 'a-0': 2, 'a-1': 2 });
    const deletion = group.coordinator.deleteGroups([GROUP]);
    group.log.commit();
    assert.equal((await deletion).get(GROUP), 0);
    assert.deepEqual(group.committed(), {});
    await group.failOver();
    assert.deepEqual([group.state, group.committed()], ['Dead', {}]);
  });

  it('single offsets: not of topics that are read', async () => {
    const group = await GroupHarness.started();
    const { memberId, generation } = await consumerOf(group, 'a');
    await group.commit({ 'a-0': 1, 'b-0': 1 }, { memberId, generation }).promise;
    const topics = [
      { topic: 'a', partitions: [0] },
      { topic: 'b', partitions: [0, 5] },
    ];
    const deleted = await group.coordinator.deleteOffsets(GROUP, topics);
    assert.deepEqual(
      deleted.topics.map(({ partitions }) => partitions.map(({ error }) => error)),
      [[ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC], [0, 0]],
    );
    assert.deepEqual(group.committed(), { 'a-0': 1 });
    await group.leave(memberId);
    await group.coordinator.deleteOffsets(GROUP, topics);
    assert.equal(group.state, 'Dead', 'an empty group goes with its last offset');
    assert.equal((await group.coordinator.deleteOffsets(GROUP, topics)).error, ErrorCode.GROUP_ID_NOT_FOUND);
  });

  it('offsets go with the topics that are deleted', async () => {
    const group = await GroupHarness.started();
    await group.commit({ 'a-0': 1, 'b-0': 1 }).promise;
    await group.commit({ 'a-0': 1 }, { groupId: 'other' }).promise;
    group.coordinator.partitionsDeleted([{ topic: 'a', partitions: [0, 1] }]);
    assert.deepEqual(group.committed(), { 'b-0': 1 });
    assert.deepEqual(group.committed('other'), {});
    assert.deepEqual(group.log.replay(), group.shard.store);
  });
});
