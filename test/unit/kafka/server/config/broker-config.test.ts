import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ConfigError } from '../../../../../src/base/config-keys/config-error.ts';
import {
  loadBrokerConfig,
  readServerProperties,
  withDynamicConfig,
} from '../../../../../src/kafka/server/config/broker-config.ts';

function load(text: string) {
  return loadBrokerConfig(
    readServerProperties(Buffer.from(`zookeeper.connect=z:2181\n${text}`), 'server.properties'),
  );
}

describe('broker configuration', () => {
  test('every key has its value, defaults included', () => {
    const { config, warnings } = load(
      'num.partitions = 3 \nlog.cleanup.policy=compact , delete\nbroker.id=4',
    );
    assert.equal(config.numPartitions, 3);
    assert.deepEqual(config.logCleanupPolicy, ['compact', 'delete']);
    assert.equal(config.autoCreateTopicsEnable, true);
    assert.equal(config.logRetentionMs, null);
    assert.equal(config.logFlushIntervalMessages, Number.MAX_SAFE_INTEGER);
    assert.equal(config.leaderImbalanceCheckIntervalSeconds, 300);
    assert.equal(config.nodeId, 4);
    assert.equal(config.zookeeperConnect, 'z:2181');
    assert.deepEqual(warnings, []);
  });

  test('it is frozen', () => {
    const { config } = load('');
    assert.throws(() => Object.assign(config, { numPartitions: 5 }), TypeError);
    assert.throws(() => Object.assign(config.logDirectories, { 0: 'elsewhere' }), TypeError);
  });

  test('the last setting of a key counts', () => {
    assert.equal(load('num.partitions=3\nnum.partitions=5').config.numPartitions, 5);
  });

  for (const [text, directories] of [
    ['', ['/tmp/kafka-logs']],
    ['log.dir=/a', ['/a']],
    ['log.dir=/a\nlog.dirs=/b, /c', ['/b', '/c']],
    ['log.dirs=data, /c/', [join(process.cwd(), 'data'), '/c']],
  ] as const) {
    test(`log directories of '${text.replace('\n', ' ')}'`, () => {
      assert.deepEqual(load(text).config.logDirectories, directories);
    });
  }

  test('an unknown key is kept, and a warning names its place', () => {
    const { config, warnings } = load('num.partition=3');
    assert.equal(config.layers.static.get('num.partition'), '3');
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /^server\.properties, line 2: num\.partition is not a configuration key/);
  });

  test('a key without effect is accepted with a warning, unless it says what holds anyway', () => {
    assert.match(load('num.io.threads=16').warnings[0] ?? '', /line 2: num\.io\.threads has no effect here/);
    assert.deepEqual(load('num.io.threads=8').warnings, []);
  });

  test('settings of listeners and plug-ins are left alone', () => {
    assert.deepEqual(load('listener.name.internal.foo=1\nrsm.config.bucket=b').warnings, []);
  });
});

describe('a bad configuration names file, line, key and remedy', () => {
  for (const [text, pattern] of [
    [
      'num.partitions=abc',
      /^server\.properties, line 2: num\.partitions: .*Not a number of type INT\. Give INT \[1,\.\.\.\], or remove it to get the default 1$/,
    ],
    ['num.partitions=0', /Invalid value 0 for configuration num\.partitions: Value must be at least 1/],
    ['num.partitions=2147483648', /Not a number of type INT/],
    ['num.partitions=1_000', /Not a number of type INT/],
    ['log.retention.bytes=9223372036854775808', /Not a number of type LONG/],
    ['auto.create.topics.enable=yes', /Expected value to be either true or false/],
    ['compression.type=brotli', /String must be one of: uncompressed, zstd/],
    ['log.cleanup.policy=delete,shred', /Invalid value shred for configuration log\.cleanup\.policy/],
    ['log.cleaner.min.cleanable.ratio=1.5', /Value must be no more than 1\./],
    ['inter.broker.protocol.version=4.9', /Version 4\.9 is not a valid version/],
    ['broker.id=1001', /line 2: broker\.id: .*not greater than reserved\.broker\.max\.id/],
    ['broker.id.generation.enable=false', /broker\.id must be greater than or equal to 0/],
    ['broker.id=1\nnode.id=2', /set `node\.id` to the same value as `broker\.id`/],
    ['process.roles=broker', /KRaft is not supported/],
    ['log.roll.ms=0', /log\.roll\.ms must be greater than or equal to 1/],
    ['log.retention.ms=0', /log\.retention\.ms must be unlimited/],
    ['log.dirs= , ', /At least one log directory/],
    [
      'log.cleaner.min.compaction.lag.ms=9\nlog.cleaner.max.compaction.lag.ms=8',
      /\(9\) > max\.compaction\.lag\.ms \(8\)/,
    ],
    ['replica.fetch.wait.max.ms=40000', /replica\.socket\.timeout\.ms should always be at least/],
    ['replica.lag.time.max.ms=400', /less than or equal to replica\.lag\.time\.max\.ms/],
    ['queued.max.request.bytes=10', /must be larger or equal to socket\.request\.max\.bytes/],
    ['max.connections.per.ip=0', /can be set to zero only if/],
    ['connections.max.idle.ms=50', /should always be less than connections\.max\.idle\.ms=50/],
    ['listeners=PLAINTEXT://:9092,PLAINTEXT://:9093', /line 2: listeners: .*different name/],
  ] as const) {
    test(text.replaceAll('\n', ' '), () => {
      assert.throws(
        () => load(text),
        (error: unknown) => error instanceof ConfigError && pattern.test(error.message),
      );
    });
  }

  test('no ZooKeeper', () => {
    assert.throws(() => loadBrokerConfig([]), /`zookeeper\.connect`/);
  });
});

describe('dynamic configuration', () => {
  const { config } = load('log.retention.hours=48\nmessage.max.bytes=1000');
  const layer = (entries: Record<string, string>) => new Map(Object.entries(entries));

  test("a broker's own setting comes before the default of all brokers, and both before the file", () => {
    const common = layer({ 'message.max.bytes': '2000', 'log.segment.bytes': '5000' });
    const altered = withDynamicConfig(config, common, layer({ 'message.max.bytes': '3000' })).config;
    assert.equal(altered.messageMaxBytes, 3000);
    assert.equal(altered.logSegmentBytes, 5000);
    assert.equal(config.messageMaxBytes, 1000);
  });

  test('a setting in milliseconds puts the hours aside', () => {
    const altered = withDynamicConfig(config, layer({ 'log.retention.ms': '60000' }), new Map()).config;
    assert.equal(altered.topicDefaults.get('retention.ms')?.value, 60_000);
    assert.equal(altered.logRetentionHours, 168);
  });

  test('an invalid entry is left out with a warning', () => {
    const { config: altered, warnings } = withDynamicConfig(
      config,
      layer({ 'message.max.bytes': 'x' }),
      new Map(),
    );
    assert.equal(altered.messageMaxBytes, 1000);
    assert.match(warnings[0] ?? '', /Invalid value x for configuration message\.max\.bytes/);
  });
});
