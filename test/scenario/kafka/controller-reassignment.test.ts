import assert from 'node:assert/strict';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import {
  alterIsr,
  assignment,
  type ControllerStory,
  controllerScenario,
  someTopicId,
} from '../../support/kafka/controller-scenario.ts';
import type { FakeBroker } from '../../support/kafka/fake-cluster.ts';

const topicPath = '/brokers/topics/t';
const statePath = `${topicPath}/partitions/0/state`;

/** Brokers 1 to `count` (1 is the controller) and a topic `t` with these replicas. */
async function start(story: ControllerStory, count: number, ...replicas: number[][]): Promise<FakeBroker> {
  const { cluster, settle } = story;
  const first = await cluster.start(1);
  await settle();
  for (let id = 2; id <= count; id++) await cluster.start(id);
  await settle();
  await first.stores.topics.create('t', { topicId: someTopicId, partitions: assignment(...replicas) });
  await settle();
  return first;
}

function reassign(broker: FakeBroker, replicas: number[] | null) {
  assert.ok(broker.controller);
  return broker.controller.alterReassignments([{ topic: 't', partition: 0, replicas }]);
}

/** Replicas, adding and removing, as they stand in the topic's node. */
function stored({ zooKeeper }: ControllerStory): unknown[] {
  const json = JSON.parse(zooKeeper.data(topicPath) ?? '{}');
  return [json.partitions['0'], json.adding_replicas['0'] ?? [], json.removing_replicas['0'] ?? []];
}

controllerScenario('replicas move: they are added, catch up, lead, and the old ones go', async (story) => {
  const { cluster, zooKeeper, settle } = story;
  const one = await start(story, 5, [1, 2, 3]);
  const answer = await reassign(one, [4, 5, 3]);
  assert.deepEqual(answer, [{ topic: 't', partition: 0, errorCode: ErrorCode.NONE, errorMessage: null }]);
  await settle();
  assert.deepEqual(stored(story), [
    [4, 5, 3, 1, 2],
    [4, 5],
    [1, 2],
  ]);
  assert.equal(
    zooKeeper.data(statePath),
    '{"controller_epoch":1,"leader":1,"version":1,"leader_epoch":1,"isr":[1,2,3]}',
  );
  for (const id of [4, 5]) {
    const told = cluster
      .broker(id)
      .commands.flatMap((command) =>
        command.kind === 'leaderAndIsr'
          ? command.partitions.map(({ isNew, leader }) => ({ isNew, leader }))
          : [],
      );
    assert.deepEqual(told, [
      { isNew: true, leader: 1 },
      { isNew: true, leader: 1 },
    ]);
  }
  assert.deepEqual(await one.controller?.listReassignments(null), [
    {
      topic: 't',
      partition: 0,
      assignment: { replicas: [4, 5, 3, 1, 2], addingReplicas: [4, 5], removingReplicas: [1, 2] },
    },
  ]);

  await alterIsr(story, 't', [1, 2, 3, 4]);
  await settle();
  assert.deepEqual(stored(story)[0], [4, 5, 3, 1, 2], 'one target is missing');
  await alterIsr(story, 't', [1, 2, 3, 4, 5]);
  await settle();
  assert.deepEqual(stored(story), [[4, 5, 3], [], []]);
  const state = JSON.parse(zooKeeper.data(statePath) ?? '{}');
  assert.deepEqual([state.leader, state.isr], [4, [3, 4, 5]]);
  assert.deepEqual(await one.controller?.listReassignments(null), []);
  assert.equal(cluster.broker(1).replicas.has('t-0'), false);
  assert.equal(cluster.broker(2).replicas.has('t-0'), false);
  assert.equal(cluster.broker(4).replicas.get('t-0')?.leader, 4);
  assert.deepEqual(one.metadata.image.partition('t', 0)?.replicas, [4, 5, 3]);
});

controllerScenario('a move that is cancelled leaves what was there', async (story) => {
  const { cluster, zooKeeper, settle } = story;
  const one = await start(story, 3, [1, 2]);
  await reassign(one, [3, 2]);
  await settle();
  assert.ok(cluster.broker(3).replicas.has('t-0'));
  assert.deepEqual(await reassign(one, null), [
    { topic: 't', partition: 0, errorCode: ErrorCode.NONE, errorMessage: null },
  ]);
  await settle();
  // Targets come first while it moves, so that the order of before is lost, as in Apache's controller.
  assert.deepEqual(stored(story), [[2, 1], [], []]);
  assert.equal(cluster.broker(3).replicas.has('t-0'), false);
  assert.deepEqual(JSON.parse(zooKeeper.data(statePath) ?? '{}').isr, [1, 2]);
  const again = await reassign(one, null);
  assert.equal(again?.[0]?.errorCode, ErrorCode.NO_REASSIGNMENT_IN_PROGRESS);
});

controllerScenario('the next controller goes on with a move', async (story) => {
  const { cluster, settle } = story;
  const one = await start(story, 3, [2, 1]);
  await reassign(one, [2, 3]);
  await settle();
  await cluster.kill(1);
  await settle();
  await alterIsr(story, 't', [2, 3]);
  await settle();
  assert.deepEqual(stored(story), [[2, 3], [], []]);
  assert.deepEqual(cluster.broker(3).replicas.get('t-0')?.isr, [2, 3]);
});

controllerScenario('a move waits for a target that is down', async (story) => {
  const { cluster, settle } = story;
  const one = await start(story, 3, [1, 2]);
  const refused = await reassign(one, [1, 4]);
  assert.equal(refused?.[0]?.errorCode, ErrorCode.INVALID_REPLICA_ASSIGNMENT);
  await reassign(one, [1, 3]);
  await settle();
  await cluster.kill(3);
  await settle();
  assert.deepEqual(stored(story), [[1, 3, 2], [3], [2]]);
  await cluster.start(3);
  await settle();
  await alterIsr(story, 't', [1, 2, 3]);
  await settle();
  assert.deepEqual(stored(story), [[1, 3], [], []]);
});

controllerScenario('an old tool asks by a node, which goes when all is done', async (story) => {
  const { zooKeeper, settle } = story;
  const one = await start(story, 3, [1, 2], [2, 1]);
  const asked =
    '{"version":1,"partitions":[{"topic":"t","partition":0,"replicas":[3,2]},' +
    '{"topic":"t","partition":1,"replicas":[1,3]},{"topic":"nothing","partition":0,"replicas":[1]}]}';
  await one.zk.run((session) =>
    session.create('/admin/reassign_partitions', Buffer.from(asked), 'persistent'),
  );
  await settle();
  assert.equal(
    zooKeeper.data('/admin/reassign_partitions'),
    '{"version":1,"partitions":[{"topic":"t","partition":0,"replicas":[3,2]},' +
      '{"topic":"t","partition":1,"replicas":[1,3]}]}',
  );
  await alterIsr(story, 't', [1, 2, 3]);
  await settle();
  assert.equal(
    zooKeeper.data('/admin/reassign_partitions'),
    '{"version":1,"partitions":[{"topic":"t","partition":1,"replicas":[1,3]}]}',
  );
  await alterIsr(story, 't', [2, 1, 3], { partition: 1 });
  await settle();
  assert.equal(zooKeeper.data('/admin/reassign_partitions'), undefined);
  // The next one is noticed as well.
  const next = '{"version":1,"partitions":[{"topic":"t","partition":0,"replicas":[2,3]}]}';
  await one.zk.run((session) =>
    session.create('/admin/reassign_partitions', Buffer.from(next), 'persistent'),
  );
  await settle();
  assert.equal(zooKeeper.data('/admin/reassign_partitions'), undefined);
  assert.deepEqual(stored(story)[0], [2, 3]);
});

controllerScenario(
  'a request that cannot be read is dropped, and so is the move of a topic that goes',
  async (story) => {
    const { zooKeeper, settle } = story;
    const one = await start(story, 3, [1, 2]);
    await one.zk.run((session) =>
      session.create('/admin/reassign_partitions', Buffer.from('{"version":'), 'persistent'),
    );
    await settle();
    assert.equal(zooKeeper.data('/admin/reassign_partitions'), undefined);
    await reassign(one, [1, 3]);
    await settle();
    await one.stores.topics.requestDeletion('t');
    await settle();
    assert.equal(zooKeeper.data(topicPath), undefined);
    assert.deepEqual(await one.controller?.listReassignments(null), []);
    assert.equal(story.cluster.broker(3).replicas.size, 0);
  },
  ['dropping a request to move replicas that cannot be read'],
);

controllerScenario('only the controller moves replicas', async (story) => {
  await start(story, 2, [1, 2]);
  assert.equal(await reassign(story.cluster.broker(2), [2]), null);
});
