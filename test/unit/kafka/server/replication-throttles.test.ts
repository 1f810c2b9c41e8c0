import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { loadBrokerConfig, withDynamicConfig } from '../../../../src/kafka/server/config/broker-config.ts';
import { ReplicationThrottles } from '../../../../src/kafka/server/replication-throttles.ts';

const { config } = loadBrokerConfig([
  { key: 'broker.id', value: '1', where: 'here' },
  { key: 'zookeeper.connect', value: 'localhost:2181', where: 'here' },
]);

test('rates come from the broker, else from all brokers', () => {
  const throttles = new ReplicationThrottles(config);
  const follow = (forAll: Record<string, string>, forThis: Record<string, string>) =>
    throttles.setRates(
      withDynamicConfig(config, new Map(Object.entries(forAll)), new Map(Object.entries(forThis))).config,
    );
  for (const quota of [throttles.leader, throttles.follower, throttles.alterLogDirs]) quota.record(1000, 0);
  const exceeded = () => [
    throttles.leader.isQuotaExceeded(0),
    throttles.follower.isQuotaExceeded(0),
    throttles.alterLogDirs.isQuotaExceeded(0),
  ];
  assert.deepEqual(exceeded(), [false, false, false]);
  follow({ 'leader.replication.throttled.rate': '999' }, { 'follower.replication.throttled.rate': '999' });
  assert.deepEqual(exceeded(), [true, true, false]);
  follow(
    { 'leader.replication.throttled.rate': '999' },
    { 'leader.replication.throttled.rate': '1000', 'replica.alter.log.dirs.io.max.bytes.per.second': '0' },
  );
  assert.deepEqual(exceeded(), [false, false, true]);
  follow({}, {});
  assert.deepEqual(exceeded(), [false, false, false]);
});

test('replicas of this broker are throttled as the topic lists them', () => {
  const throttles = new ReplicationThrottles(config);
  const set = (leader: string, follower: string) =>
    throttles.setTopic(
      't',
      new Map([
        ['leader.replication.throttled.replicas', leader],
        ['follower.replication.throttled.replicas', follower],
      ]),
      1,
    );
  const throttled = (quota: 'leader' | 'follower') =>
    [0, 1, 2].filter((partition) => throttles[quota].isThrottled({ topic: 't', partition }));
  set('0:1,1:2, 2:1', '*');
  assert.deepEqual(
    [throttled('leader'), throttled('follower')],
    [
      [0, 2],
      [0, 1, 2],
    ],
  );
  set('', '1:1');
  assert.deepEqual([throttled('leader'), throttled('follower')], [[], [1]]);
  throttles.setTopic('t', new Map(), 1);
  assert.deepEqual([throttled('leader'), throttled('follower')], [[], []]);
});
