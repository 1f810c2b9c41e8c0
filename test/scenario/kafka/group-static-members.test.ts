import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JoinRequest } from '../../../src/kafka/coordinator/group/results.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import { flush, GROUP, GroupHarness } from '../../support/group-harness.ts';

/** A stable group of two static members, `one` and `two`; the first leads. */
async function staticGroup(over: Partial<JoinRequest> = {}) {
  const group = await GroupHarness.started();
  const joins = ['one', 'two'].map((groupInstanceId) => group.join({ ...over, groupInstanceId }));
  await group.pass(6000);
  const [one, two] = await Promise.all(joins.map(({ promise }) => promise));
  assert.ok(one !== undefined && two !== undefined);
  const first = group.sync(one.memberId, 1, { [one.memberId]: 'A', [two.memberId]: 'B' }, 'one');
  await Promise.all([first.promise, group.sync(two.memberId, 1, {}, 'two').promise]);
  assert.equal(group.state, 'Stable');
  return { group, one: one.memberId, two: two.memberId };
}

describe('static members (KIP-345)', () => {
  it('a member that restarts gets its part back without a rebalance', async () => {
    const { group, one, two } = await staticGroup();
    const back = await group.join({ groupInstanceId: 'two' }).promise;
    assert.equal(group.state, 'Stable');
    assert.deepEqual([back.error, back.generation, back.leader, back.skipAssignment], [0, 1, one, false]);
    assert.notEqual(back.memberId, two);
    assert.match(back.memberId, /^two-/);
    assert.equal((await group.sync(back.memberId, 1, {}, 'two').promise).assignment.toString(), 'B');
    assert.equal(await group.heartbeat(one, 1, 'one'), 0);
    const stored = group.shard.store.groups.get(GROUP);
    assert.deepEqual(
      stored?.members.map(({ memberId }) => memberId),
      [one, back.memberId],
    );
  });

  it('a leader that restarts is told that it leads and not to assign, from JoinGroup 9 on', async () => {
    const { group } = await staticGroup();
    const back = await group.join({ groupInstanceId: 'one' }).promise;
    assert.deepEqual([back.leader, back.skipAssignment, back.members.length], [back.memberId, true, 2]);
  });

  it('an older leader that restarts gets the former id of the leader, so that it does not assign', async () => {
    const { group, one } = await staticGroup({ supportsSkippingAssignment: false });
    const back = await group.join({ groupInstanceId: 'one', supportsSkippingAssignment: false }).promise;
    assert.deepEqual([back.leader, back.skipAssignment, back.members.length], [one, false, 0]);
    assert.notEqual(back.memberId, one);
  });

  it('the former self is fenced in every request', async () => {
    const { group, two } = await staticGroup();
    await group.join({ groupInstanceId: 'two' }).promise;
    const fenced = ErrorCode.FENCED_INSTANCE_ID;
    assert.equal(await group.heartbeat(two, 1, 'two'), fenced);
    assert.equal((await group.sync(two, 1, {}, 'two').promise).error, fenced);
    assert.equal((await group.join({ memberId: two, groupInstanceId: 'two' }).promise).error, fenced);
    const left = await group.coordinator.leave(GROUP, [
      { memberId: two, groupInstanceId: 'two', reason: null },
    ]);
    assert.equal(left.members[0]?.error, fenced);
    const committed = await group.coordinator.commitOffsets({
      groupId: GROUP,
      memberId: two,
      groupInstanceId: 'two',
      generation: 1,
      retentionMs: -1,
      offsets: [
        { topic: 't', partition: 0, offset: 1, leaderEpoch: -1, metadata: null, commitTimestampMs: -1 },
      ],
    });
    assert.deepEqual(committed, [fenced]);
    assert.equal(group.state, 'Stable');
  });

  it('the former self that waits in a rebalance is fenced there', async () => {
    const { group, one, two } = await staticGroup();
    const waiting = group.join({ memberId: one, groupInstanceId: 'one' });
    assert.equal(group.state, 'PreparingRebalance');
    const back = group.join({ groupInstanceId: 'one' });
    assert.deepEqual(
      [(await waiting.promise).error, (await waiting.promise).memberId],
      [ErrorCode.FENCED_INSTANCE_ID, one],
    );
    await group.join({ memberId: two, groupInstanceId: 'two' }).promise;
    assert.equal((await back.promise).generation, 2);
  });

  it('a restart between JoinGroup and SyncGroup rebalances once more', async () => {
    const { group, one, two } = await staticGroup();
    const joins = [
      group.join({ memberId: one, groupInstanceId: 'one' }),
      group.join({ memberId: two, groupInstanceId: 'two' }),
    ];
    await Promise.all(joins.map(({ promise }) => promise));
    const leader = group.sync(one, 2, { [one]: 'A', [two]: 'B' }, 'one');
    await leader.promise;
    group.join({ memberId: one, groupInstanceId: 'one' });
    await group.join({ memberId: two, groupInstanceId: 'two' }).promise;
    assert.equal(group.state, 'CompletingRebalance');
    const waits = group.sync(two, 3, {}, 'two');
    group.join({ groupInstanceId: 'one' });
    assert.equal((await waits.promise).error, ErrorCode.REBALANCE_IN_PROGRESS);
    assert.equal(group.state, 'PreparingRebalance');
  });

  it('a restart with other protocols rebalances', async () => {
    const group = await GroupHarness.started();
    const offer = (...names: string[]) => names.map((name) => ({ name, metadata: Buffer.from(name) }));
    const joins = ['one', 'two'].map((groupInstanceId) =>
      group.join({ groupInstanceId, protocols: offer('range', 'sticky') }),
    );
    await group.pass(6000);
    const [one = '', two = ''] = (await Promise.all(joins.map(({ promise }) => promise))).map(
      (it) => it.memberId,
    );
    await group.sync(one, 1, { [one]: 'A', [two]: 'B' }, 'one').promise;
    await group.sync(two, 1, {}, 'two').promise;
    const back = group.join({ groupInstanceId: 'two', protocols: offer('sticky') });
    assert.equal(group.state, 'PreparingRebalance');
    await group.join({ memberId: one, groupInstanceId: 'one', protocols: offer('range', 'sticky') }).promise;
    assert.deepEqual([(await back.promise).generation, (await back.promise).protocolName], [2, 'sticky']);
  });

  it('a restart that cannot be written is taken back', async () => {
    const { group, one, two } = await staticGroup();
    group.log.appendError = ErrorCode.NOT_ENOUGH_REPLICAS;
    const refused = await group.join({ groupInstanceId: 'two' }).promise;
    assert.deepEqual([refused.error, refused.memberId], [ErrorCode.COORDINATOR_NOT_AVAILABLE, '']);
    group.log.appendError = undefined;
    assert.equal(await group.heartbeat(two, 1, 'two'), 0, 'the former self goes on');
    assert.deepEqual(
      group.coordinator.describe(GROUP).members.map(({ memberId }) => memberId),
      [one, two],
    );
    assert.equal((await group.join({ groupInstanceId: 'two' }).promise).error, 0);
  });

  it('a second restart while the first is being written fences the first', async () => {
    const { group } = await staticGroup();
    group.log.commitAtOnce = false;
    const first = group.join({ groupInstanceId: 'two' });
    const second = group.join({ groupInstanceId: 'two' });
    assert.equal((await first.promise).error, ErrorCode.FENCED_INSTANCE_ID);
    await flush();
    assert.equal(second.value, undefined);
    group.log.commit();
    assert.equal((await second.promise).error, 0);
    assert.equal(group.state, 'Stable');
  });

  it('a rebalance that begins while a restart is being written answers the restarted member', async () => {
    const { group, one } = await staticGroup();
    group.log.commitAtOnce = false;
    const back = group.join({ groupInstanceId: 'two' });
    const leader = group.join({ memberId: one, groupInstanceId: 'one' });
    assert.equal((await back.promise).generation, 2);
    assert.equal((await leader.promise).members.length, 2);
    group.log.commit();
    assert.equal(group.state, 'CompletingRebalance');
  });

  it('a static member does not leave by rebalance timeout, only by its session', async () => {
    const { group, one, two } = await staticGroup({ sessionTimeoutMs: 120_000 });
    const leader = group.join({ memberId: one, groupInstanceId: 'one', sessionTimeoutMs: 120_000 });
    await group.pass(60_000);
    assert.deepEqual(
      (await leader.promise).members.map(({ memberId }) => memberId),
      [one, two],
    );
  });

  it('an administrator removes a member by its instance id', async () => {
    const { group, one } = await staticGroup();
    const left = await group.coordinator.leave(GROUP, [
      { memberId: '', groupInstanceId: 'two', reason: 'gone' },
    ]);
    assert.deepEqual(left.members, [{ memberId: '', groupInstanceId: 'two', error: 0 }]);
    assert.equal(group.state, 'PreparingRebalance');
    const rest = await group.join({ memberId: one, groupInstanceId: 'one' }).promise;
    assert.equal(rest.members.length, 1);
  });

  it('an id given out to a dynamic member cannot be joined with as a static one', async () => {
    const group = await GroupHarness.started();
    const { memberId } = await group.join().promise;
    const mixed = await group.join({ memberId, groupInstanceId: 'one' }).promise;
    assert.equal(mixed.error, ErrorCode.UNKNOWN_SERVER_ERROR);
  });

  it('after a failover the members are known by their instances', async () => {
    const { group, one, two } = await staticGroup();
    await group.failOver();
    assert.equal(group.state, 'Stable');
    assert.equal(await group.heartbeat(one, 1, 'one'), 0);
    assert.equal(await group.heartbeat(two, 1, 'one'), ErrorCode.FENCED_INSTANCE_ID);
    assert.equal((await group.join({ groupInstanceId: 'two' }).promise).error, 0);
    assert.equal(group.state, 'Stable');
  });
});
