import assert from 'node:assert/strict';
import { encodeTopic } from '../../../src/kafka/zk/znodes/topic.ts';
import {
  assignment,
  controllerScenario as scenario,
  someTopicId as topicId,
} from '../../support/kafka/controller-scenario.ts';

scenario('the first broker becomes controller and gives a new topic its leader', async (story) => {
  const { cluster, zooKeeper, settle } = story;
  const broker = await cluster.start(1);
  await settle();
  assert.equal(broker.controller?.activeControllerId, 1);
  assert.equal(zooKeeper.data('/controller_epoch'), '1');
  assert.equal(zooKeeper.data('/feature'), '{"features":{},"version":2,"status":1}');
  zooKeeper.writes.length = 0;

  await broker.stores.topics.create('orders', { topicId, partitions: assignment([1], [1]) });
  await settle();

  const state = '{"controller_epoch":1,"leader":1,"version":1,"leader_epoch":0,"isr":[1]}';
  assert.deepEqual(
    zooKeeper.writes.map(({ op, path, data }) => [op, path, data]),
    [
      ['create', '/brokers/topics/orders', zooKeeper.data('/brokers/topics/orders')],
      ['create', '/brokers/topics/orders/partitions', null],
      ['create', '/brokers/topics/orders/partitions/0', null],
      ['create', '/brokers/topics/orders/partitions/1', null],
      ['create', '/brokers/topics/orders/partitions/0/state', state],
      ['create', '/brokers/topics/orders/partitions/1/state', state],
    ],
  );
  assert.deepEqual([...broker.replicas.keys()], ['orders-0', 'orders-1']);
  const image = broker.metadata.image;
  assert.equal(image.topic('orders')?.id, topicId);
  assert.equal(image.partition('orders', 1)?.leader, 1);
  assert.equal(image.controllerId, 1);
  const first = broker.commands.find((command) => command.kind === 'leaderAndIsr');
  assert.ok(first?.kind === 'leaderAndIsr' && first.partitions.every((partition) => partition.isNew));
});

scenario('a topic written by hand without an id gets one', async ({ cluster, zooKeeper, settle }) => {
  const broker = await cluster.start(1);
  await settle();
  await broker.zk.run((session) =>
    session.create('/brokers/topics/old', Buffer.from('{"version":1,"partitions":{"0":[1]}}'), 'persistent'),
  );
  await settle();
  const written = zooKeeper.data('/brokers/topics/old') ?? '';
  assert.match(
    written,
    /^\{"partitions":\{"0":\[1\]\},"topic_id":"[\w-]{22}","adding_replicas":\{\},"removing_replicas":\{\},"version":3\}$/,
  );
  assert.equal(broker.metadata.image.topic('old')?.id, JSON.parse(written).topic_id);
  assert.ok(broker.replicas.has('old-0'));
});

scenario('partitions added to a topic get leaders, and an old tool does not take its id', async (story) => {
  const { cluster, zooKeeper, settle } = story;
  const broker = await cluster.start(1);
  await broker.stores.topics.create('t', { topicId, partitions: assignment([1]) });
  await settle();
  const grown = '{"version":1,"partitions":{"0":[1],"1":[1],"2":[1]}}';
  await broker.zk.run((session) => session.setData('/brokers/topics/t', Buffer.from(grown), -1));
  await settle();
  assert.deepEqual([...(broker.metadata.image.topic('t')?.partitions.keys() ?? [])], [0, 1, 2]);
  assert.equal(JSON.parse(zooKeeper.data('/brokers/topics/t') ?? '').topic_id, topicId);
});

scenario('a topic is deleted: brokers first, then its znodes', async ({ cluster, zooKeeper, settle }) => {
  const broker = await cluster.start(1);
  await settle();
  const before = zooKeeper.dump().map(([path]) => path);
  await broker.zk.run((session) =>
    session.create('/config/topics/doomed', Buffer.from('{"version":1,"config":{}}'), 'persistent'),
  );
  await broker.stores.topics.create('doomed', { topicId, partitions: assignment([1]) });
  await settle();
  zooKeeper.writes.length = 0;
  await broker.stores.topics.requestDeletion('doomed');
  await settle();

  assert.deepEqual(
    zooKeeper.writes.map(({ op, path, data }) => [op, path, data]),
    [
      ['create', '/admin/delete_topics/doomed', null],
      [
        'setData',
        '/brokers/topics/doomed/partitions/0/state',
        '{"controller_epoch":1,"leader":-1,"version":1,"leader_epoch":1,"isr":[1]}',
      ],
      ['delete', '/brokers/topics/doomed/partitions/0/state', null],
      ['delete', '/brokers/topics/doomed/partitions/0', null],
      ['delete', '/brokers/topics/doomed/partitions', null],
      ['delete', '/brokers/topics/doomed', null],
      ['delete', '/config/topics/doomed', null],
      ['delete', '/admin/delete_topics/doomed', null],
    ],
  );
  assert.deepEqual(
    zooKeeper.dump().map(([path]) => path),
    before,
  );
  assert.equal(broker.metadata.image.topic('doomed'), undefined);
  assert.equal(broker.replicas.size, 0);
  const stops = broker.commands.flatMap((command) =>
    command.kind === 'stopReplica' ? command.partitions.map((p) => [p.deletePartition, p.leaderEpoch]) : [],
  );
  assert.deepEqual(stops, [
    [false, -2],
    [true, -2],
  ]);
});

scenario('a topic of that name can be created again at once', async ({ cluster, settle }) => {
  const broker = await cluster.start(1);
  for (const id of ['AAAAAAAAAAAAAAAAAAAAAQ', 'AAAAAAAAAAAAAAAAAAAAAg']) {
    await broker.stores.topics.create('again', { topicId: id, partitions: assignment([1]) });
    await settle();
    assert.equal(broker.metadata.image.topic('again')?.id, id);
    await broker.stores.topics.requestDeletion('again');
    await settle();
    assert.equal(broker.metadata.image.topic('again'), undefined);
  }
});

scenario('requests to delete what does not exist, or may not be deleted, are dropped', async (story) => {
  const { cluster, zooKeeper, settle } = story;
  const broker = await cluster.start(1, { deleteTopicEnable: false });
  await broker.stores.topics.create('kept', { topicId, partitions: assignment([1]) });
  await settle();
  await broker.stores.topics.requestDeletion('kept');
  await broker.stores.topics.requestDeletion('nothing');
  await settle();
  assert.deepEqual(await broker.stores.topics.deletions(), []);
  assert.notEqual(zooKeeper.data('/brokers/topics/kept'), undefined);
});

scenario(
  'a broker that dies hands its leadership to a replica in sync',
  async ({ cluster, zooKeeper, settle }) => {
    const one = await cluster.start(1);
    await settle();
    await cluster.start(2);
    await cluster.start(3);
    await settle();
    await one.stores.topics.create('t', { topicId, partitions: assignment([2, 3, 1], [2]) });
    await settle();
    assert.equal(cluster.broker(3).replicas.get('t-0')?.leader, 2);
    await cluster.kill(2);
    await settle();

    assert.equal(
      zooKeeper.data('/brokers/topics/t/partitions/0/state'),
      '{"controller_epoch":1,"leader":3,"version":1,"leader_epoch":1,"isr":[3,1]}',
    );
    assert.equal(
      zooKeeper.data('/brokers/topics/t/partitions/1/state'),
      '{"controller_epoch":1,"leader":-1,"version":1,"leader_epoch":1,"isr":[2]}',
    );
    assert.deepEqual(cluster.broker(3).replicas.get('t-0'), { leader: 3, leaderEpoch: 1, isr: [3, 1] });
    assert.deepEqual(one.metadata.image.partition('t', 0)?.offlineReplicas, [2]);

    await cluster.start(2);
    await settle();
    assert.equal(
      zooKeeper.data('/brokers/topics/t/partitions/1/state'),
      '{"controller_epoch":1,"leader":2,"version":1,"leader_epoch":2,"isr":[2]}',
    );
    assert.deepEqual(cluster.broker(2).replicas.get('t-0'), { leader: 3, leaderEpoch: 1, isr: [3, 1] });
    assert.deepEqual(cluster.broker(2).metadata.image.partition('t', 0)?.offlineReplicas, []);
  },
  ['a partition did not change its state'],
);

scenario(
  'deletion waits for a dead replica and goes on when it is back',
  async ({ cluster, zooKeeper, settle }) => {
    const one = await cluster.start(1);
    await settle();
    await cluster.start(2);
    await settle();
    await one.stores.topics.create('t', { topicId, partitions: assignment([1, 2]) });
    await settle();
    await cluster.kill(2);
    await settle();
    await one.stores.topics.requestDeletion('t');
    await settle();
    assert.notEqual(zooKeeper.data('/brokers/topics/t'), undefined);
    await cluster.start(2);
    await settle();
    assert.equal(zooKeeper.data('/brokers/topics/t'), undefined);
    assert.equal(cluster.broker(2).replicas.size, 0);
  },
);

scenario('the next controller has a higher epoch and carries on', async ({ cluster, zooKeeper, settle }) => {
  await cluster.start(1);
  await settle();
  const two = await cluster.start(2);
  await settle();
  await two.stores.topics.create('t', { topicId, partitions: assignment([1, 2], [2, 1]) });
  await settle();
  assert.equal(two.controller?.activeControllerId, 1);
  await cluster.kill(1);
  await settle();
  assert.equal(two.controller?.isActive, true);
  assert.equal(two.controller?.epoch, 2);
  assert.equal(zooKeeper.data('/controller_epoch'), '2');
  assert.equal(
    zooKeeper.data('/brokers/topics/t/partitions/0/state'),
    '{"controller_epoch":2,"leader":2,"version":1,"leader_epoch":2,"isr":[2]}',
  );
  assert.equal(two.metadata.image.controllerId, 2);
});

scenario('a broker whose session expires registers again and is elected again', async (story) => {
  const { cluster, zooKeeper, settle } = story;
  const broker = await cluster.start(1);
  await broker.stores.topics.create('t', { topicId, partitions: assignment([1]) });
  await settle();
  const epochBefore = broker.metadata.image.broker(1)?.epoch ?? 0;
  zooKeeper.sessions[0]?.expire();
  await settle();
  assert.notEqual(zooKeeper.data('/brokers/ids/1'), undefined);
  assert.equal(broker.controller?.epoch, 2);
  assert.ok((broker.metadata.image.broker(1)?.epoch ?? 0) > epochBefore);
  assert.equal(
    zooKeeper.data('/brokers/topics/t/partitions/0/state'),
    '{"controller_epoch":1,"leader":1,"version":1,"leader_epoch":0,"isr":[1]}',
  );
  await broker.stores.topics.create('after', {
    topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
    partitions: assignment([1]),
  });
  await settle();
  assert.ok(broker.replicas.has('after-0'));
});

scenario('a deposed controller writes nothing and follows', async ({ cluster, zooKeeper, settle }) => {
  const one = await cluster.start(1);
  await settle();
  await cluster.start(2);
  await settle();
  // 1. Someone takes the epoch away behind the controller's back. 2. A topic appears.
  await one.zk.run((session) => session.setData('/controller_epoch', Buffer.from('7'), -1));
  await one.zk.run((session) =>
    session.create('/brokers/topics/t', encodeTopic({ topicId, partitions: assignment([1]) }), 'persistent'),
  );
  await settle();
  assert.equal(one.controller?.isActive, false);
  assert.equal(zooKeeper.data('/brokers/topics/t/partitions'), undefined);
  // 3. The old node of the deposed controller goes: the next election makes good for it.
  await one.zk.run((session) => session.delete('/controller', -1));
  await settle();
  assert.equal(zooKeeper.data('/controller_epoch'), '8');
  assert.equal(
    zooKeeper.data('/brokers/topics/t/partitions/0/state'),
    '{"controller_epoch":8,"leader":1,"version":1,"leader_epoch":0,"isr":[1]}',
  );
});

scenario('a broker waits for the session of its earlier life, and takes over when it ends', async (story) => {
  const { cluster, zooKeeper, settle, sim } = story;
  await cluster.start(1);
  await settle();
  // Killed: its session lives on at the server.
  const old = cluster.broker(1);
  await old.controller?.stop();
  cluster.brokers.delete(1);
  const starting = cluster.start(1);
  await sim.advance(5000);
  assert.equal(cluster.brokers.get(1)?.controller, null);
  const session = zooKeeper.sessions[0];
  if (session !== undefined) zooKeeper.end(session);
  const broker = await starting;
  await settle();
  assert.equal(broker.controller?.epoch, 2);
});

scenario('a broker id that stays taken is an error that names the remedy', async ({ cluster, settle }) => {
  await cluster.start(1);
  await settle();
  const other = cluster.broker(1);
  await assert.rejects(cluster.start(1), /broker id 1 is registered by another session .*another broker\.id/);
  const second = cluster.broker(1);
  await second.zk.close();
  cluster.brokers.set(1, other);
});
