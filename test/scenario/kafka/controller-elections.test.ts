import assert from 'node:assert/strict';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import {
  alterIsr,
  assignment,
  brokerEpoch,
  type ControllerStory,
  controllerScenario,
  someTopicId,
} from '../../support/kafka/controller-scenario.ts';
import type { FakeBroker, FakeBrokerOptions } from '../../support/kafka/fake-cluster.ts';

/** Three brokers (1 is the controller) and a topic `t` with these replicas. */
async function start(
  { cluster, settle }: ControllerStory,
  replicas: number[][],
  options: FakeBrokerOptions = {},
): Promise<FakeBroker> {
  const first = await cluster.start(1, options);
  await settle();
  await cluster.start(2, options);
  await cluster.start(3, options);
  await settle();
  await first.stores.topics.create('t', { topicId: someTopicId, partitions: assignment(...replicas) });
  await settle();
  return first;
}

function leaderOf({ zooKeeper }: ControllerStory, partition = 0): unknown[] {
  const path = `/brokers/topics/t/partitions/${partition}/state`;
  const { leader, leader_epoch: leaderEpoch, isr } = JSON.parse(zooKeeper.data(path) ?? '{}');
  return [leader, leaderEpoch, isr];
}

const t0 = [{ topic: 't', partition: 0 }];

controllerScenario('a preferred leader is elected by request', async (story) => {
  const { cluster, settle } = story;
  const one = await start(story, [[2, 3]]);
  assert.ok(one.controller);
  const [notNeeded] = await one.controller.electLeaders(t0, 'preferred');
  assert.equal(notNeeded?.errorCode, ErrorCode.ELECTION_NOT_NEEDED);
  await cluster.kill(2);
  await settle();
  const [unavailable] = await one.controller.electLeaders(t0, 'preferred');
  assert.deepEqual(unavailable, {
    topic: 't',
    partition: 0,
    errorCode: ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE,
    errorMessage:
      'Failed to elect leader for partition t-0 under strategy PreferredReplicaPartitionLeaderElectionStrategy',
    leader: -1,
  });
  await cluster.start(2);
  await settle();
  await alterIsr(story, 't', [3, 2]);
  const [elected] = await one.controller.electLeaders(t0, 'preferred');
  assert.deepEqual([elected?.errorCode, elected?.leader], [ErrorCode.NONE, 2]);
  assert.deepEqual(leaderOf(story), [2, 2, [3, 2]]);
  const [unknown] = await one.controller.electLeaders([{ topic: 'x', partition: 0 }], 'preferred');
  assert.equal(unknown?.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  const [elsewhere] = (await cluster.broker(3).controller?.electLeaders(t0, 'preferred')) ?? [];
  assert.equal(elsewhere?.errorCode, ErrorCode.NOT_CONTROLLER);
});

controllerScenario('an old tool asks for preferred leaders by a node', async (story) => {
  const { cluster, zooKeeper, settle } = story;
  const one = await start(story, [[2, 3]]);
  await cluster.kill(2);
  await settle();
  await cluster.start(2);
  await settle();
  await alterIsr(story, 't', [3, 2]);
  for (const topic of ['t', 'nothing']) {
    const asked = `{"version":1,"partitions":[{"topic":"${topic}","partition":0}]}`;
    await one.zk.run((session) =>
      session.create('/admin/preferred_replica_election', Buffer.from(asked), 'persistent'),
    );
    await settle();
    assert.equal(zooKeeper.data('/admin/preferred_replica_election'), undefined);
  }
  assert.equal(leaderOf(story)[0], 2);
});

controllerScenario(
  'an unclean leader is elected by request, or when the topic allows it',
  async (story) => {
    const { cluster, settle } = story;
    const one = await start(story, [[2, 3]]);
    assert.ok(one.controller);
    await alterIsr(story, 't', [2]);
    await cluster.kill(2);
    await settle();
    assert.deepEqual(leaderOf(story), [-1, 1, [2]]);
    const [elected] = await one.controller.electLeaders(t0, 'unclean');
    assert.deepEqual([elected?.errorCode, elected?.leader], [ErrorCode.NONE, 3]);
    assert.deepEqual(leaderOf(story), [3, 2, [3]]);
    const state = story.zooKeeper.data('/brokers/topics/t/partitions/0/state') ?? '';
    assert.equal(JSON.parse(state).leader_recovery_state, 1);

    await cluster.start(2);
    await settle();
    await cluster.kill(3);
    await settle();
    assert.equal(leaderOf(story)[0], -1);
    await one.zk.run((session) =>
      session.create(
        '/config/topics/t',
        Buffer.from('{"version":1,"config":{"unclean.leader.election.enable":"true"}}'),
        'persistent',
      ),
    );
    one.controller.uncleanElectionsAllowed('other');
    await settle();
    assert.equal(leaderOf(story)[0], -1);
    one.controller.uncleanElectionsAllowed('t');
    await settle();
    assert.equal(leaderOf(story)[0], 2);
  },
  ['a partition did not change its state'],
);

controllerScenario('leaderships go back to their preferred brokers by themselves', async (story) => {
  const { cluster, sim, settle } = story;
  await start(
    story,
    [
      [2, 3],
      [2, 3],
      [3, 2],
    ],
    { autoBalance: { intervalMs: 10_000, percentage: 50 } },
  );
  await cluster.kill(2);
  await settle();
  await cluster.start(2, { autoBalance: { intervalMs: 10_000, percentage: 50 } });
  await settle();
  await alterIsr(story, 't', [3, 2]);
  await sim.advance(16_000);
  // Of two partitions one can be led by its preferred broker, the other has not caught up.
  assert.deepEqual([leaderOf(story)[0], leaderOf(story, 1)[0], leaderOf(story, 2)[0]], [2, 3, 3]);
  await alterIsr(story, 't', [3, 2], { partition: 1 });
  await sim.advance(10_000);
  // Half of them is no more than is allowed.
  assert.equal(leaderOf(story, 1)[0], 3);
});

controllerScenario(
  'a broker that stops hands over what it leads',
  async (story) => {
    const { cluster, settle } = story;
    const one = await start(story, [[2, 3, 1], [3, 2, 1], [2]]);
    assert.ok(one.controller);
    const epoch = brokerEpoch(story, 2);
    const stale = await one.controller.controlledShutdown(2, epoch - 1);
    assert.equal(stale.errorCode, ErrorCode.STALE_BROKER_EPOCH);
    const unknown = await one.controller.controlledShutdown(9, -1);
    assert.equal(unknown.errorCode, ErrorCode.BROKER_NOT_AVAILABLE);
    const elsewhere = await cluster.broker(3).controller?.controlledShutdown(2, epoch);
    assert.equal(elsewhere?.errorCode, ErrorCode.STALE_CONTROLLER_EPOCH);

    assert.deepEqual(await one.controller.controlledShutdown(2, epoch), {
      errorCode: ErrorCode.NONE,
      remaining: [],
    });
    await settle();
    assert.deepEqual(leaderOf(story), [3, 1, [3, 1]]);
    assert.deepEqual(leaderOf(story, 1), [3, 1, [3, 1]]);
    assert.deepEqual(leaderOf(story, 2), [2, 0, [2]], 'nobody else has this one');
    assert.deepEqual([...cluster.broker(2).replicas.keys()], ['t-0', 't-2'], 'it follows no more');
    // It gets nothing new while it stops, and it cannot come back into an ISR.
    const refused = await alterIsr(story, 't', [3, 1, 2]);
    assert.equal(refused.partitions[0]?.errorCode, ErrorCode.INELIGIBLE_REPLICA);
    await cluster.kill(2);
    await settle();
    await cluster.start(2);
    await settle();
    const accepted = await alterIsr(story, 't', [3, 1, 2]);
    assert.equal(accepted.partitions[0]?.errorCode, ErrorCode.NONE);
  },
  ['a partition did not change its state'],
);

controllerScenario(
  'leaderships that nobody can take remain',
  async (story) => {
    const one = await start(story, [[2, 3]]);
    assert.ok(one.controller);
    await alterIsr(story, 't', [2]);
    const { remaining } = await one.controller.controlledShutdown(2, brokerEpoch(story, 2));
    assert.deepEqual(remaining, [{ topic: 't', partition: 0 }]);
  },
  ['a partition did not change its state'],
);

controllerScenario('an ISR changes as its leader asks, when it may', async (story) => {
  const { cluster, settle } = story;
  const one = await start(story, [[2, 3, 1]]);
  const ask = async (isr: number[], changes: Parameters<typeof alterIsr>[3] = {}) => {
    const { errorCode, partitions } = await alterIsr(story, 't', isr, changes);
    return errorCode !== ErrorCode.NONE ? { all: errorCode } : partitions[0];
  };
  const state = { leader: 2, leaderEpoch: 0, isr: [2, 3], leaderRecovering: false, partitionEpoch: 1 };
  const done = { topic: 't', topicId: someTopicId, partition: 0, errorCode: ErrorCode.NONE, state };
  assert.deepEqual(await ask([2, 3]), done);
  assert.deepEqual(leaderOf(story), [2, 0, [2, 3]]);
  await settle();
  assert.deepEqual(cluster.broker(3).metadata.image.partition('t', 0)?.isr, [2, 3]);
  // Asked again, because the answer was lost: it is as it should be.
  assert.deepEqual(await ask([2, 3], { partitionEpoch: 0 }), done);

  const error = async (isr: number[], changes: Parameters<typeof alterIsr>[3]) => {
    const answer = await ask(isr, changes);
    return answer === undefined || 'all' in answer ? answer?.all : answer.errorCode;
  };
  assert.equal(await error([2], { partitionEpoch: 0 }), ErrorCode.INVALID_UPDATE_VERSION);
  assert.equal(await error([2], { partitionEpoch: 7 }), ErrorCode.NOT_CONTROLLER);
  assert.equal(await error([2], { leaderEpoch: 7 }), ErrorCode.NOT_CONTROLLER);
  assert.equal(await error([2], { leaderEpoch: -1 }), ErrorCode.FENCED_LEADER_EPOCH);
  assert.equal(await error([2], { brokerEpoch: 1 }), ErrorCode.STALE_BROKER_EPOCH);
  assert.equal(await error([2], { leaderRecovering: true }), ErrorCode.INVALID_REQUEST);
  assert.equal(await error([2], { topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' }), ErrorCode.UNKNOWN_TOPIC_ID);
  const byName = { topicId: 'AAAAAAAAAAAAAAAAAAAAAA' };
  assert.equal(await error([2], { ...byName, topic: 'x' }), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  // A broker that is down, and one that came back as another since the leader looked.
  assert.equal(await error([2, 3, 4], byName), ErrorCode.OPERATION_NOT_ATTEMPTED);
  const before = brokerEpoch(story, 1);
  const stale = [2, 3, 1].map((brokerId) => ({ brokerId, brokerEpoch: brokerId === 1 ? before - 1 : -1 }));
  assert.equal(await error([], { isr: stale }), ErrorCode.INELIGIBLE_REPLICA);
  assert.deepEqual(leaderOf(story), [2, 0, [2, 3]]);
  assert.equal(one.controller?.isActive, true);
});

controllerScenario('ISRs that leaders wrote themselves are taken note of', async (story) => {
  const { cluster, zooKeeper, settle } = story;
  const one = await start(story, [[2, 3, 1]]);
  const written = '{"controller_epoch":1,"leader":2,"version":1,"leader_epoch":0,"isr":[2]}';
  await one.zk.run((session) =>
    session.setData('/brokers/topics/t/partitions/0/state', Buffer.from(written), -1),
  );
  await cluster.broker(2).stores.notifications.isrChanged([{ topic: 't', partition: 0 }]);
  await settle();
  assert.deepEqual(cluster.broker(3).metadata.image.partition('t', 0)?.isr, [2]);
  assert.equal(zooKeeper.data('/isr_change_notification/isr_change_0000000000'), undefined);
});

controllerScenario('blocks of producer ids and features are given by the controller alone', async (story) => {
  const { cluster } = story;
  const one = await start(story, [[1]]);
  assert.ok(one.controller);
  const epoch = brokerEpoch(story, 2);
  const allocate = (id: number, of: number) => one.controller?.allocateProducerIds(id, of);
  assert.deepEqual(await allocate(2, epoch), { errorCode: ErrorCode.NONE, first: 0n, count: 1000 });
  assert.deepEqual(await allocate(2, epoch), { errorCode: ErrorCode.NONE, first: 1000n, count: 1000 });
  assert.equal((await allocate(2, epoch - 1))?.errorCode, ErrorCode.STALE_BROKER_EPOCH);
  assert.equal((await allocate(9, 1))?.errorCode, ErrorCode.BROKER_ID_NOT_REGISTERED);
  const three = cluster.broker(3).controller;
  assert.equal((await three?.allocateProducerIds(2, epoch))?.errorCode, ErrorCode.NOT_CONTROLLER);

  const outcomes = await one.controller.updateFeatures([
    { feature: 'x', level: 3, change: 'upgrade' },
    { feature: 'x', level: 0, change: 'safeDowngrade' },
    { feature: '', level: 1, change: 'upgrade' },
  ]);
  assert.deepEqual(
    outcomes?.map(({ errorCode, errorMessage }) => [errorCode, errorMessage]),
    [
      [
        ErrorCode.INVALID_REQUEST,
        'Could not apply finalized feature update because the provided feature is not supported.',
      ],
      [ErrorCode.INVALID_REQUEST, 'Can not delete non-existing finalized feature.'],
      [ErrorCode.INVALID_REQUEST, 'Feature name can not be empty.'],
    ],
  );
  assert.equal(await three?.updateFeatures([]), null);
});

controllerScenario(
  'whoever restarted while there was no controller leads under a new epoch',
  async (story) => {
    const { cluster, settle } = story;
    await start(story, [[2, 1], [2]]);
    assert.deepEqual(leaderOf(story), [2, 0, [2, 1]]);
    await Promise.all([1, 2, 3].map((id) => cluster.kill(id)));
    await cluster.start(2);
    await settle();
    const [leader, leaderEpoch, isr] = leaderOf(story);
    assert.deepEqual([leader, isr], [2, [2]]);
    assert.ok(Number(leaderEpoch) > 0);
    // There is nobody whom the only replica of a partition could differ from.
    assert.deepEqual(leaderOf(story, 1), [2, 0, [2]]);
  },
);

controllerScenario('a change of an ISR whose write was not answered counts as written', async (story) => {
  const one = await start(story, [[2, 3]]);
  const { topics } = one.stores;
  const before = await topics.partitionState('t', 0);
  assert.ok(before);
  const { writtenZxid: _, ...state } = before;
  const write = { topic: 't', partition: 0, state: { ...state, isr: [2] }, partitionEpoch: 0 };
  await topics.updatePartitionStates([write], 1);
  const { partitions } = await alterIsr(story, 't', [2], { partitionEpoch: before.partitionEpoch });
  assert.deepEqual(
    partitions.map(({ errorCode, state: now }) => [errorCode, now?.isr, now?.partitionEpoch]),
    [[ErrorCode.NONE, [2], 1]],
  );
});

controllerScenario(
  'a change of an ISR is judged by what stands, once the controller has seen it',
  async (story) => {
    const one = await start(story, [[2, 3, 1]]);
    const before = await one.stores.topics.partitionState('t', 0);
    assert.ok(before);
    const { writtenZxid: _, ...state } = before;
    const write = { topic: 't', partition: 0, state: { ...state, isr: [2, 1] }, partitionEpoch: 0 };
    await one.stores.topics.updatePartitionStates([write], 1);
    const refused = await alterIsr(story, 't', [2], { partitionEpoch: before.partitionEpoch });
    assert.deepEqual(
      refused.partitions.map(({ errorCode }) => errorCode),
      [ErrorCode.INVALID_UPDATE_VERSION],
    );
    const { partitions } = await alterIsr(story, 't', [2]);
    assert.deepEqual(
      partitions.map(({ errorCode, state: now }) => [errorCode, now?.isr, now?.partitionEpoch]),
      [[ErrorCode.NONE, [2], 2]],
    );
  },
);
