import assert from 'node:assert/strict';
import {
  assignment,
  type ControllerStory,
  controllerScenario,
  someTopicId,
} from '../../support/kafka/controller-scenario.ts';

const otherTopicId = 'AAAAAAAAAAAAAAAAAAAAAg';
const path = '/brokers/topics/t';

/**
 * Controller 1 deletes a topic, and stalls before the first of its nodes. Its session runs out; broker 2 is elected,
 * deletes the topic to the end, and the topic is created anew. Then 1 comes to. It has a new session, and goes on with
 * what it was about before it hears that it is the controller no more.
 */
async function wakeAfterSuccessor(story: ControllerStory): Promise<void> {
  const { cluster, zooKeeper, settle } = story;
  const one = await cluster.start(1);
  await settle();
  const two = await cluster.start(2);
  await settle();
  await two.stores.topics.create('t', { topicId: someTopicId, partitions: assignment([2]) });
  await settle();

  const [session] = zooKeeper.sessions;
  assert.ok(session);
  const wake = session.holdDeletions(path);
  await two.stores.topics.requestDeletion('t');
  await settle();
  assert.notEqual(zooKeeper.data(path), undefined, 'controller 1 has stalled');
  zooKeeper.end(session);
  await settle();
  assert.equal(two.controller?.isActive, true);
  assert.equal(zooKeeper.data(path), undefined, 'controller 2 has brought it to its end');
  await two.stores.topics.create('t', { topicId: otherTopicId, partitions: assignment([2]) });
  await settle();
  assert.equal(two.metadata.image.topic('t')?.id, otherTopicId);

  assert.equal(one.controller?.isActive, true, 'it still believes so');
  session.ended = true;
  wake();
  await settle();
  assert.equal(one.controller?.isActive, false);
  assert.equal(two.controller?.isActive, true);
}

controllerScenario('a controller that has been replaced deletes nothing of a new topic', async (story) => {
  await wakeAfterSuccessor(story);
  assert.equal(JSON.parse(story.zooKeeper.data(path) ?? '{}').topic_id, otherTopicId);
  assert.notEqual(story.zooKeeper.data(`${path}/partitions/0/state`), undefined);
  assert.deepEqual([...story.cluster.broker(2).replicas.keys()], ['t-0']);
});

controllerScenario('without the check of its epoch it would: the new topic goes', async (story) => {
  story.zooKeeper.enforceChecks = false;
  await wakeAfterSuccessor(story);
  assert.equal(story.zooKeeper.data(path), undefined);
});
