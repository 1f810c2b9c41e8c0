import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { groupCodec } from '../../../src/kafka/coordinator/group/group-codec.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import { buildBatch } from '../../../src/wire/kafka/records/builder.ts';
import { flush, GROUP, GroupHarness, watch } from '../../support/group-harness.ts';

describe('a coordinator takes over from another', () => {
  it('loads the groups, members, parts and offsets that the other had', async () => {
    const group = await GroupHarness.started();
    const [first = '', second = ''] = await group.stableGroup(2);
    await group.commit({ 'a-0': 5 }, { memberId: first, generation: 1 }).promise;
    await group.commit({ 'b-0': 6 }, { groupId: 'other' }).promise;
    const before = { described: group.coordinator.describe(GROUP), store: group.shard.store };
    await group.failOver();
    assert.deepEqual(group.coordinator.describe(GROUP), before.described);
    assert.deepEqual(group.shard.store, before.store);
    assert.deepEqual(group.committed('other'), { 'b-0': 6 });
    assert.equal(await group.heartbeat(first, 1), 0);
    assert.equal((await group.sync(second, 1).promise).assignment.toString(), 'part 1');
    await group.pass(9_000);
    await group.heartbeat(first, 1);
    await group.pass(2_000);
    assert.equal(group.state, 'PreparingRebalance', 'sessions run on from the loading');
  });

  it('a group that was in a rebalance is back in its last generation', async () => {
    const group = await GroupHarness.started();
    const [first = '', second = ''] = await group.stableGroup(2);
    const joins = [group.join({ memberId: first }), group.join({ memberId: second })];
    await Promise.all(joins.map(({ promise }) => promise));
    assert.equal(await group.heartbeat(first, 2), 0);
    await group.failOver();
    assert.equal(group.state, 'Stable');
    assert.equal(await group.heartbeat(first, 2), ErrorCode.ILLEGAL_GENERATION);
    assert.equal(await group.heartbeat(first, 1), 0);
  });

  it('killed between append and commit: what was not answered may be there or not, what was answered is', async () => {
    for (const lose of ['uncommitted', 'nothing'] as const) {
      const group = await GroupHarness.started();
      await group.commit({ 'a-0': 1 }).promise;
      group.log.commitAtOnce = false;
      const unanswered = group.commit({ 'a-0': 2, 'a-1': 7 });
      await flush();
      assert.equal(unanswered.value, undefined);
      await group.failOver(lose);
      assert.equal(unanswered.value, undefined, 'a dead broker answers nothing');
      assert.deepEqual(group.committed(), lose === 'nothing' ? { 'a-0': 2, 'a-1': 7 } : { 'a-0': 1 });
      assert.deepEqual(group.log.replay(), group.shard.store);
    }
  });

  it('killed while the assignment is being written: the members find a generation or join again', async () => {
    for (const lose of ['uncommitted', 'nothing'] as const) {
      const group = await GroupHarness.started();
      const [first = '', second = ''] = await group.stableGroup(2);
      const joins = [group.join({ memberId: first }), group.join({ memberId: second })];
      await Promise.all(joins.map(({ promise }) => promise));
      group.log.commitAtOnce = false;
      const parts = [group.sync(second, 2), group.sync(first, 2, { [first]: 'X', [second]: 'Y' })];
      await flush();
      assert.deepEqual(
        parts.map(({ value }) => value),
        [undefined, undefined],
      );
      assert.equal(group.state, 'CompletingRebalance', 'nothing is stable before it is written');
      await group.failOver(lose);
      const generation = lose === 'nothing' ? 2 : 1;
      assert.equal(await group.heartbeat(second, generation), 0);
      const part = await group.sync(second, generation).promise;
      assert.equal(part.assignment.toString(), lose === 'nothing' ? 'Y' : 'part 1');
    }
  });

  it('an assignment that cannot be written sends the members back into a rebalance', async () => {
    for (const [append, answered] of [
      [ErrorCode.NOT_ENOUGH_REPLICAS, ErrorCode.COORDINATOR_NOT_AVAILABLE],
      [ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.NOT_COORDINATOR],
      [ErrorCode.MESSAGE_TOO_LARGE, ErrorCode.UNKNOWN_SERVER_ERROR],
    ] as const) {
      const group = await GroupHarness.started();
      const [first = '', second = ''] = await group.stableGroup(2);
      const joins = [group.join({ memberId: first }), group.join({ memberId: second })];
      await Promise.all(joins.map(({ promise }) => promise));
      group.log.appendError = append;
      const parts = [group.sync(second, 2), group.sync(first, 2)];
      for (const { promise } of parts) assert.equal((await promise).error, answered);
      assert.equal(group.state, 'PreparingRebalance');
      assert.equal(group.shard.store.groups.get(GROUP)?.generation, 1);
    }
  });

  it('an assignment that is not committed in time sends them back too', async () => {
    const group = await GroupHarness.started();
    const [first = ''] = await group.stableGroup(1);
    await group.join({ memberId: first }).promise;
    group.log.commitAtOnce = false;
    const part = group.sync(first, 2, { [first]: 'X' });
    await group.pass(5_000);
    assert.equal((await part.promise).error, ErrorCode.REBALANCE_IN_PROGRESS);
    const again = group.join({ memberId: first });
    group.log.commit();
    assert.equal((await again.promise).generation, 3);
    assert.equal(group.state, 'CompletingRebalance', 'the late commit does not disturb the next generation');
    assert.deepEqual(group.log.replay(), group.shard.store);
  });

  it('resigning answers everyone who waits', async () => {
    const group = await GroupHarness.started();
    const [first = '', second = ''] = await group.stableGroup(2);
    group.log.commitAtOnce = false;
    const waiting = [
      watch(group.commit({ 'a-0': 1 }, { memberId: first, generation: 1 }).promise.then(([error]) => error)),
      watch(group.join({ memberId: first }).promise.then(({ error }) => error)),
    ];
    const other = watch(group.coordinator.deleteGroups(['none']).then((errors) => errors.get('none')));
    group.coordinator.resign(0, 1);
    await flush();
    const notCoordinator = ErrorCode.NOT_COORDINATOR;
    assert.deepEqual(
      waiting.map(({ value }) => value),
      [notCoordinator, notCoordinator],
    );
    assert.equal(other.value, ErrorCode.GROUP_ID_NOT_FOUND);
    assert.equal(await group.heartbeat(second, 1), notCoordinator);
    assert.equal((await group.join().promise).error, notCoordinator);
    assert.deepEqual(group.committed(), { error: notCoordinator });
    assert.deepEqual(group.coordinator.describe(GROUP).error, notCoordinator);
    assert.equal(group.time.timersSet, 0);
  });
});

describe('loading a partition', () => {
  it('answers while it goes on, and ends when the high watermark has come to the end of the log', async () => {
    const group = await GroupHarness.started();
    const [first = ''] = await group.stableGroup(1);
    group.coordinator.resign(0, 1);
    group.log.commitAtOnce = false;
    const offset = groupCodec.encode({
      type: 'offset',
      group: GROUP,
      topic: 'a',
      partition: 0,
      value: { offset: 1, leaderEpoch: -1, metadata: '', commitTimestampMs: 1, expireTimestampMs: -1 },
    });
    group.log.appendRaw(buildBatch([{ timestamp: 1, ...offset }]));
    await group.coordinator.elect(0, 2);
    const loading = ErrorCode.COORDINATOR_LOAD_IN_PROGRESS;
    assert.equal((await group.join().promise).error, loading);
    assert.equal((await group.sync(first, 1).promise).error, ErrorCode.REBALANCE_IN_PROGRESS);
    assert.equal(await group.heartbeat(first, 1), 0, 'no session ends meanwhile');
    assert.deepEqual(await group.commit({ 'a-0': 1 }).promise, [loading]);
    assert.deepEqual(group.committed(), { error: loading });
    assert.equal(group.coordinator.list([], []).error, loading);
    group.log.commit();
    assert.deepEqual(group.committed(), { 'a-0': 1 });
    assert.equal(group.coordinator.list([], []).error, 0);
  });

  it('goes by the newest leader epoch', async () => {
    const group = await GroupHarness.started();
    await group.coordinator.elect(0, 5);
    group.coordinator.resign(0, 4);
    assert.deepEqual(await group.commit({ 'a-0': 1 }).promise, [0], 'the resignation came late');
    group.coordinator.resign(0, 6);
    await group.coordinator.elect(0, 5);
    assert.deepEqual(
      await group.commit({ 'a-0': 1 }).promise,
      [ErrorCode.NOT_COORDINATOR],
      'the election came late',
    );
    await group.coordinator.elect(0, 7);
    assert.deepEqual(group.committed(), { 'a-0': 1 });
    group.coordinator.resign(0, undefined);
    assert.deepEqual(group.committed(), { error: ErrorCode.NOT_COORDINATOR });
  });

  it('a resignation in the middle of it ends it', async () => {
    const group = await GroupHarness.started();
    await group.commit({ 'a-0': 1 }).promise;
    group.coordinator.resign(0, 1);
    const elected = group.coordinator.elect(0, 2);
    group.coordinator.resign(0, 3);
    await elected;
    assert.deepEqual(group.committed(), { error: ErrorCode.NOT_COORDINATOR });
  });

  it('reads in pieces, and passes over records that it does not know', async () => {
    const group = await GroupHarness.started({ offsetsLoadBufferBytes: 100 });
    for (let i = 0; i < 20; i++) await group.commit({ [`a-${i}`]: i }).promise;
    const record = (key: Buffer | null, value: Buffer | null) => buildBatch([{ timestamp: 1, key, value }]);
    const good = groupCodec.encode({ type: 'offset', group: GROUP, topic: 'a', partition: 0, value: null });
    group.log.appendRaw(record(Buffer.from([0, 9, 1, 2]), Buffer.from([0, 0])));
    group.log.appendRaw(record(null, Buffer.from([0, 0])));
    group.log.appendRaw(record(Buffer.from([0, 1, 0]), null));
    group.log.appendRaw(record(good.key, Buffer.from([0, 99])));
    group.log.appendRaw(record(good.key, null));
    await group.failOver();
    assert.equal(Object.keys(group.committed()).length, 19);
  });

  it('a log that cannot be read is not served, until the next election', async () => {
    const group = await GroupHarness.started();
    await group.commit({ 'a-0': 1 }).promise;
    await group.commit({ 'a-0': 2 }).promise;
    const damaged = group.log.batches[1]?.bytes;
    assert.ok(damaged !== undefined);
    damaged.writeUInt8(damaged.readUInt8(damaged.length - 1) ^ 1, damaged.length - 1);
    await group.failOver();
    assert.deepEqual(group.committed(), { error: ErrorCode.NOT_COORDINATOR });
    assert.equal((await group.join().promise).error, ErrorCode.NOT_COORDINATOR);
    damaged.writeUInt8(damaged.readUInt8(damaged.length - 1) ^ 1, damaged.length - 1);
    group.log.readError = ErrorCode.KAFKA_STORAGE_ERROR;
    await group.coordinator.elect(0, 8);
    assert.deepEqual(group.committed(), { error: ErrorCode.NOT_COORDINATOR });
    group.log.readError = undefined;
    await group.coordinator.elect(0, 9);
    assert.deepEqual(group.committed(), { 'a-0': 2 });
  });
});
