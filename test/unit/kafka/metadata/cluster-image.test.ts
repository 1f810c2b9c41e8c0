import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClusterImage, type PartitionImage } from '../../../../src/kafka/metadata/cluster-image.ts';
import { MetadataCache } from '../../../../src/kafka/metadata/metadata-cache.ts';
import { leaderDuringDelete } from '../../../../src/kafka/metadata/model.ts';

function partition(topic: string, index: number, more: Partial<PartitionImage> = {}): PartitionImage {
  return {
    topic,
    partition: index,
    leader: 1,
    leaderEpoch: 0,
    isr: [1],
    leaderRecovering: false,
    partitionEpoch: 0,
    controllerEpoch: 1,
    replicas: [1],
    offlineReplicas: [],
    ...more,
  };
}

test('a derived image has the change, the one before stays as it was', () => {
  const first = ClusterImage.empty.with({
    controllerId: 1,
    brokers: [2, 1].map((id) => ({ id, epoch: id, rack: null, endpoints: [] })),
    partitions: [partition('a', 1), partition('a', 0), partition('b', 0)],
    topicIds: new Map([
      ['a', 'id-a'],
      ['b', 'id-b'],
    ]),
  });
  const second = first.with({ partitions: [partition('a', 0, { leader: 2, leaderEpoch: 1 })] });

  assert.deepEqual([...first.brokers.keys()], [1, 2]);
  assert.deepEqual([...(first.topic('a')?.partitions.keys() ?? [])], [0, 1]);
  assert.equal(first.partition('a', 0)?.leader, 1);
  assert.equal(second.partition('a', 0)?.leader, 2);
  assert.equal(second.topicById('id-a')?.partitions.size, 2);
  assert.equal(second.topic('b'), first.topic('b'));
  assert.equal(second.controllerId, 1);
});

test('a topic goes with its last partition, by name and by id', () => {
  const image = ClusterImage.empty.with({
    partitions: [partition('a', 0), partition('a', 1)],
    topicIds: new Map([['a', 'id-a']]),
  });
  const one = image.with({ partitions: [partition('a', 0, { leader: leaderDuringDelete })] });
  const none = one.with({ partitions: [partition('a', 1, { leader: leaderDuringDelete })] });
  assert.deepEqual([...(one.topicById('id-a')?.partitions.keys() ?? [])], [1]);
  assert.equal(none.topic('a'), undefined);
  assert.equal(none.topicById('id-a'), undefined);
  assert.equal(none.topicCount, 0);
});

test('a topic that comes back under another id is found by that id alone', () => {
  const old = ClusterImage.empty.with({
    partitions: [partition('a', 0)],
    topicIds: new Map([['a', 'old']]),
  });
  const renewed = old.with({ partitions: [partition('a', 0)], topicIds: new Map([['a', 'new']]) });
  assert.equal(renewed.topicById('old'), undefined);
  assert.equal(renewed.topicById('new')?.name, 'a');
});

test('thousands of topics are counted and listed once each', () => {
  let image = ClusterImage.empty;
  for (let i = 0; i < 2000; i++) image = image.with({ partitions: [partition(`topic-${i}`, 0)] });
  for (let i = 0; i < 2000; i += 2) {
    image = image.with({ partitions: [partition(`topic-${i}`, 0, { leader: leaderDuringDelete })] });
  }
  assert.equal(image.topicCount, 1000);
  assert.equal(new Set([...image.topics()].map((topic) => topic.name)).size, 1000);
});

test('listeners hear of a change in its turn, until they stop listening', () => {
  const cache = new MetadataCache();
  const heard: (number | null)[] = [];
  const stop = cache.listen((image, before) => heard.push(before.controllerId, image.controllerId));
  cache.apply({ controllerId: 3 });
  stop();
  cache.apply({ controllerId: 4 });
  assert.deepEqual(heard, [null, 3]);
  assert.equal(cache.image.controllerId, 4);
});
