import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import { flush, GROUP, GroupHarness, watch } from '../../support/group-harness.ts';

describe('members of a group', () => {
  it('three members join, one leads and assigns, all get their part', async () => {
    const group = await GroupHarness.started();
    const entered = [];
    for (const clientId of ['a', 'b', 'c']) entered.push(await group.enter({ clientId }));
    assert.equal(group.state, 'PreparingRebalance');
    await group.pass(3000);
    assert.equal(entered[0]?.joined.value, undefined, 'the delay is drawn out while members come');
    await group.pass(3000);
    const joined = await Promise.all(entered.map(({ joined }) => joined.promise));
    const ids = entered.map(({ memberId }) => memberId);
    assert.deepEqual(
      joined.map(({ error, generation, leader, protocolName }) => ({
        error,
        generation,
        leader,
        protocolName,
      })),
      ids.map(() => ({ error: 0, generation: 1, leader: ids[0], protocolName: 'range' })),
    );
    assert.deepEqual(
      joined.map(({ members }) => members.length),
      [3, 0, 0],
    );
    assert.equal(group.state, 'CompletingRebalance');

    const [first = '', second = '', third = ''] = ids;
    const followers = [group.sync(second, 1), group.sync(third, 1)];
    await flush();
    assert.equal(followers[0]?.value, undefined, 'followers wait for the leader');
    const leading = group.sync(first, 1, { [first]: 'A', [second]: 'B' });
    const parts = await Promise.all([leading, ...followers].map(({ promise }) => promise));
    assert.deepEqual(
      parts.map(({ error, assignment }) => [error, assignment.toString()]),
      [
        [0, 'A'],
        [0, 'B'],
        [0, ''],
      ],
    );
    assert.equal(group.state, 'Stable');
    assert.deepEqual(
      group.coordinator.describe(GROUP).members.map(({ assignment }) => assignment.toString()),
      ['A', 'B', ''],
    );
  });

  it('clients of JoinGroup 0-3 join without learning their id first', async () => {
    const group = await GroupHarness.started();
    const old = group.join({ requireKnownMemberId: false, clientId: 'old' });
    await group.pass(3000);
    const { error, memberId, leader } = await old.promise;
    assert.equal(error, 0);
    assert.match(memberId, /^old-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(leader, memberId);
  });

  it('an id that is not used for joining in time is forgotten, and its group with it', async () => {
    const group = await GroupHarness.started();
    const { memberId, error } = await group.join().promise;
    assert.equal(error, ErrorCode.MEMBER_ID_REQUIRED);
    assert.equal(group.state, 'Empty');
    await group.pass(10_000);
    assert.equal(group.state, 'Dead');
    assert.equal((await group.join({ memberId }).promise).error, ErrorCode.UNKNOWN_MEMBER_ID);
  });

  it('a member that leaves starts a rebalance of the rest', async () => {
    const group = await GroupHarness.started();
    const [first = '', second = ''] = await group.stableGroup(2);
    await group.leave(second);
    assert.equal(group.state, 'PreparingRebalance');
    assert.equal(await group.heartbeat(first, 1), ErrorCode.REBALANCE_IN_PROGRESS);
    assert.equal(await group.heartbeat(second, 1), ErrorCode.UNKNOWN_MEMBER_ID);
    const again = await group.join({ memberId: first }).promise;
    assert.deepEqual([again.generation, again.leader], [2, first]);
  });

  it('a leader that leaves is followed by another', async () => {
    const group = await GroupHarness.started();
    const [first = '', second = '', third = ''] = await group.stableGroup(3);
    await group.leave(first);
    const rejoined = [group.join({ memberId: second }), group.join({ memberId: third })];
    const results = await Promise.all(rejoined.map(({ promise }) => promise));
    assert.deepEqual(
      results.map(({ leader }) => leader),
      [second, second],
    );
    assert.deepEqual(
      results.map(({ members }) => members.length),
      [2, 0],
    );
  });

  it('when the last member leaves the group is empty, and that is written', async () => {
    const group = await GroupHarness.started();
    const ids = await group.stableGroup(2);
    await group.leave(...ids);
    assert.equal(group.state, 'Empty');
    const stored = group.shard.store.groups.get(GROUP);
    assert.deepEqual(
      [stored?.generation, stored?.members, stored?.leader, stored?.protocol],
      [2, [], null, null],
    );
    assert.equal(stored?.protocolType, 'consumer');
  });

  it('several members leave in one request, each with its own answer', async () => {
    const group = await GroupHarness.started();
    const [first = '', second = ''] = await group.stableGroup(2);
    const pending = (await group.join().promise).memberId;
    const left = await group.coordinator.leave(
      GROUP,
      [
        [first, null],
        [pending, null],
        ['stranger', null],
        ['', 'no-such-instance'],
        [second, 'no-such-instance'],
      ].map(([memberId = '', groupInstanceId = null]) => ({
        memberId: memberId ?? '',
        groupInstanceId,
        reason: null,
      })),
    );
    assert.equal(left.error, 0);
    const unknown = ErrorCode.UNKNOWN_MEMBER_ID;
    assert.deepEqual(
      left.members.map(({ error }) => error),
      [0, 0, unknown, unknown, unknown],
    );
    assert.equal(group.coordinator.describe(GROUP).members.length, 1);
  });

  it('a member without heartbeats is dropped after its session timeout', async () => {
    const group = await GroupHarness.started();
    const [first = '', second = ''] = await group.stableGroup(2);
    await group.pass(9_000);
    assert.equal(await group.heartbeat(first, 1), 0);
    await group.pass(2_000);
    assert.equal(group.state, 'PreparingRebalance');
    assert.equal(await group.heartbeat(second, 1), ErrorCode.UNKNOWN_MEMBER_ID);
    assert.equal((await group.join({ memberId: first }).promise).generation, 2);
  });

  it('a member that does not rejoin within the rebalance timeout is dropped', async () => {
    const group = await GroupHarness.started();
    const [first = '', second = ''] = await group.stableGroup(2);
    const leader = group.join({ memberId: first });
    for (let passed = 0; passed < 60_000; passed += 5_000) {
      assert.equal(leader.value, undefined);
      assert.equal(await group.heartbeat(second, 1), ErrorCode.REBALANCE_IN_PROGRESS);
      await group.pass(5_000);
    }
    const result = await leader.promise;
    assert.deepEqual([result.generation, result.members.map(({ memberId }) => memberId)], [2, [first]]);
    assert.equal(await group.heartbeat(second, 1), ErrorCode.UNKNOWN_MEMBER_ID);
  });

  it('a member that joined and sends no SyncGroup is dropped, and the others rebalance', async () => {
    const group = await GroupHarness.started();
    const a = await group.enter({ clientId: 'a' });
    const b = await group.enter({ clientId: 'b' });
    await group.pass(6000);
    const { generation } = await a.joined.promise;
    await group.sync(a.memberId, generation, { [a.memberId]: 'all' }).promise;
    assert.equal(group.state, 'Stable');
    for (let passed = 0; passed < 60_000; passed += 6_000) {
      await group.heartbeat(a.memberId, generation);
      await group.heartbeat(b.memberId, generation);
      await group.pass(6_000);
    }
    assert.equal(group.state, 'PreparingRebalance');
    assert.equal(await group.heartbeat(b.memberId, generation), ErrorCode.UNKNOWN_MEMBER_ID);
    assert.equal(await group.heartbeat(a.memberId, generation), ErrorCode.REBALANCE_IN_PROGRESS);
  });

  it('a new member that goes while it waits is given up after five minutes', async () => {
    const group = await GroupHarness.started({ initialRebalanceDelayMs: 0 });
    const [first = ''] = await group.stableGroup(1);
    const slow = { memberId: first, rebalanceTimeoutMs: 600_000 };
    await group.join(slow).promise;
    await group.sync(first, 2, { [first]: 'all' }).promise;
    const { joined } = await group.enter({ rebalanceTimeoutMs: 600_000 });
    for (let passed = 0; passed < 300_000; passed += 5_000) {
      assert.equal(joined.value, undefined);
      await group.heartbeat(first, 2);
      await group.pass(5_000);
    }
    assert.equal((await joined.promise).error, ErrorCode.UNKNOWN_MEMBER_ID);
    assert.equal((await joined.promise).memberId, '');
  });

  it('followers with unchanged metadata get the same generation again, changed metadata rebalances', async () => {
    const group = await GroupHarness.started();
    const [first = '', second = ''] = await group.stableGroup(2);
    const repeated = await group.join({ memberId: second }).promise;
    assert.deepEqual([repeated.error, repeated.generation, repeated.leader], [0, 1, first]);
    assert.equal(group.state, 'Stable');
    const changed = group.join({
      memberId: second,
      protocols: [{ name: 'range', metadata: Buffer.from('other topics') }],
    });
    assert.equal(group.state, 'PreparingRebalance');
    await group.join({ memberId: first }).promise;
    assert.equal((await changed.promise).generation, 2);
  });

  it('a leader that joins a stable group again rebalances it', async () => {
    const group = await GroupHarness.started();
    const [first = '', second = ''] = await group.stableGroup(2);
    const leader = group.join({ memberId: first });
    assert.equal(group.state, 'PreparingRebalance');
    await group.join({ memberId: second }).promise;
    assert.equal((await leader.promise).members.length, 2);
  });

  it('the protocol with the most votes among those that all know is chosen', async () => {
    const group = await GroupHarness.started();
    const offer = (...names: string[]): { protocols: { name: string; metadata: Buffer }[] } => ({
      protocols: names.map((name) => ({ name, metadata: Buffer.from(name) })),
    });
    const entered = [
      await group.enter(offer('sticky', 'range', 'roundrobin')),
      await group.enter(offer('roundrobin', 'range', 'sticky')),
      await group.enter(offer('only-mine', 'roundrobin', 'range')),
    ];
    const stranger = group.join(offer('only-theirs'));
    await group.pass(6000);
    assert.equal((await stranger.promise).error, ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
    assert.equal((await entered[0]?.joined.promise)?.protocolName, 'roundrobin');
    const otherType = group.join({ ...offer('range'), protocolType: 'connect' });
    assert.equal((await otherType.promise).error, ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
  });

  it('a protocol that is offered twice votes once', async () => {
    const group = await GroupHarness.started();
    const metadata = Buffer.from('m');
    const { joined } = await group.enter({
      protocols: [
        { name: 'range', metadata },
        { name: 'range', metadata: Buffer.from('again') },
      ],
    });
    await group.pass(3000);
    assert.equal((await joined.promise).protocolName, 'range');
    assert.deepEqual((await joined.promise).members[0]?.metadata, metadata);
  });

  it('a full group turns new members away, and a lowered maximum the last to rejoin', async () => {
    const group = await GroupHarness.started({ maxSize: 2 });
    const [first = '', second = ''] = await group.stableGroup(2);
    assert.equal((await group.join().promise).error, ErrorCode.GROUP_MAX_SIZE_REACHED);
    assert.equal(group.state, 'Stable');

    Object.assign(group.config, { maxSize: 1 });
    await group.failOver();
    assert.equal(group.state, 'PreparingRebalance', 'a loaded group over the maximum rebalances');
    const kept = group.join({ memberId: second });
    await flush();
    assert.equal((await group.join({ memberId: first }).promise).error, ErrorCode.GROUP_MAX_SIZE_REACHED);
    assert.deepEqual(
      (await kept.promise).members.map(({ memberId }) => memberId),
      [second],
    );
  });

  for (const [sessionTimeoutMs, error] of [
    [5_999, ErrorCode.INVALID_SESSION_TIMEOUT],
    [6_000, ErrorCode.MEMBER_ID_REQUIRED],
    [1_800_000, ErrorCode.MEMBER_ID_REQUIRED],
    [1_800_001, ErrorCode.INVALID_SESSION_TIMEOUT],
    [-1, ErrorCode.INVALID_SESSION_TIMEOUT],
  ] as const) {
    it(`a session timeout of ${sessionTimeoutMs} ms answers error ${error}`, async () => {
      const group = await GroupHarness.started();
      assert.equal((await group.join({ sessionTimeoutMs }).promise).error, error);
    });
  }

  it('requests with a wrong generation, member or protocol are told so', async () => {
    const group = await GroupHarness.started();
    const [first = ''] = await group.stableGroup(1);
    const cases: [Promise<{ error: number } | number>, number][] = [
      [group.heartbeat(first, 0), ErrorCode.ILLEGAL_GENERATION],
      [group.heartbeat(first, 2), ErrorCode.ILLEGAL_GENERATION],
      [group.heartbeat('stranger', 1), ErrorCode.UNKNOWN_MEMBER_ID],
      [group.heartbeat(first, 1, 'instance'), ErrorCode.UNKNOWN_MEMBER_ID],
      [group.sync(first, 2).promise, ErrorCode.ILLEGAL_GENERATION],
      [group.sync('stranger', 1).promise, ErrorCode.UNKNOWN_MEMBER_ID],
      [group.join({ memberId: 'stranger' }).promise, ErrorCode.UNKNOWN_MEMBER_ID],
      [group.join({ groupId: '' }).promise, ErrorCode.INVALID_GROUP_ID],
      [group.join({ groupId: 'none', memberId: 'x' }).promise, ErrorCode.UNKNOWN_MEMBER_ID],
    ];
    for (const [answer, expected] of cases) {
      const got = await answer;
      assert.equal(typeof got === 'number' ? got : got.error, expected);
    }
    const request = {
      groupId: GROUP,
      memberId: first,
      groupInstanceId: null,
      generation: 1,
      assignments: [],
    };
    const inconsistent = ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
    const wrongType = group.coordinator.sync({ ...request, protocolType: 'connect', protocolName: 'range' });
    assert.equal((await wrongType).error, inconsistent);
    const wrongName = group.coordinator.sync({
      ...request,
      protocolType: 'consumer',
      protocolName: 'sticky',
    });
    assert.equal((await wrongName).error, inconsistent);
  });

  it('rebalances that overlap send no member away with UNKNOWN_MEMBER_ID', async () => {
    const group = await GroupHarness.started();
    const ids = await group.stableGroup(3);
    const [first = '', second = '', third = ''] = ids;
    // A fourth member comes, the leader's SyncGroup of the next generation crosses with the join of a fifth.
    const fourth = await group.enter({ clientId: 'fourth' });
    const round = ids.map((memberId) => group.join({ memberId }));
    const { generation, leader } = await fourth.joined.promise;
    const early = [group.sync(second, generation), group.sync(third, generation)];
    const fifth = await group.enter({ clientId: 'fifth' });
    assert.equal(group.state, 'PreparingRebalance');
    const late = group.sync(leader, generation, { [first]: 'x' });
    for (const { promise } of [...early, late]) {
      assert.equal((await promise).error, ErrorCode.REBALANCE_IN_PROGRESS);
    }
    const again = [...ids, fourth.memberId].map((memberId) => group.join({ memberId }));
    const results = await Promise.all([...round, ...again, fifth.joined].map(({ promise }) => promise));
    assert.deepEqual(new Set(results.map(({ error }) => error)), new Set([0]));
    assert.equal(results.at(-1)?.generation, generation + 1);
  });

  it('a request that a newer one of the same member overtakes is answered', async () => {
    const group = await GroupHarness.started();
    const [first = '', second = ''] = await group.stableGroup(2);
    const overtaken = group.join({ memberId: first });
    const newer = group.join({ memberId: first });
    assert.equal((await overtaken.promise).error, ErrorCode.REBALANCE_IN_PROGRESS);
    await group.join({ memberId: second }).promise;
    const { generation } = await newer.promise;
    const stale = group.sync(second, generation);
    const fresh = group.sync(second, generation);
    assert.equal((await stale.promise).error, ErrorCode.REBALANCE_IN_PROGRESS);
    await group.sync(first, generation, { [second]: 'B' }).promise;
    assert.equal((await fresh.promise).assignment.toString(), 'B');
  });

  it('a rebalance timeout of zero neither hangs nor spins', async () => {
    const group = await GroupHarness.started({ initialRebalanceDelayMs: 0 });
    const instance = { groupInstanceId: 'one', rebalanceTimeoutMs: 0 };
    const joined = group.join(instance);
    await group.pass(0);
    const { memberId } = await joined.promise;
    await group.pass(1);
    assert.equal(group.state, 'Empty', 'the member sent no SyncGroup in no time at all');
    assert.equal(await group.heartbeat(memberId, 1, 'one'), ErrorCode.UNKNOWN_MEMBER_ID);
    await group.pass(60_000);
  });

  it('nothing keeps ticking for a group that is gone', async () => {
    const group = await GroupHarness.started();
    await group.leave(...(await group.stableGroup(3)));
    const { memberId } = await group.join().promise;
    await group.leave(memberId);
    assert.equal(
      await watch(group.coordinator.deleteGroups([GROUP])).promise.then((all) => all.get(GROUP)),
      0,
    );
    // What is left is the partition's expiry check alone.
    await group.pass(20_000);
    assert.equal(group.time.timersSet, 1);
    group.coordinator.close();
    assert.equal(group.time.timersSet, 0);
  });
});
