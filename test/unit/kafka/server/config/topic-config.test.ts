import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { ConfigError } from '../../../../../src/base/config-keys/config-error.ts';
import { DEFAULT_LOG_CONFIG } from '../../../../../src/kafka/log/log-config.ts';
import { loadBrokerConfig } from '../../../../../src/kafka/server/config/broker-config.ts';
import { logConfig, topicConfig } from '../../../../../src/kafka/server/config/topic-config.ts';

type Settings = Readonly<Record<string, string>>;

function topic(broker: Settings, overrides: Settings = {}) {
  const settings = { 'zookeeper.connect': 'z', ...broker };
  const given = Object.entries(settings).map(([key, value]) => ({ key, value, where: 'test' }));
  return topicConfig(loadBrokerConfig(given).config, new Map(Object.entries(overrides)));
}

const HOUR_MS = 3_600_000;

describe('topic configuration', () => {
  for (const [broker, expected] of [
    [{}, 168 * HOUR_MS],
    [{ 'log.retention.hours': '2' }, 2 * HOUR_MS],
    [{ 'log.retention.hours': '2', 'log.retention.minutes': '3' }, 180_000],
    [{ 'log.retention.hours': '2', 'log.retention.minutes': '3', 'log.retention.ms': '4' }, 4],
    [{ 'log.retention.hours': '-1' }, -1],
    [{ 'log.retention.minutes': '-5' }, -1],
  ] as const) {
    test(`retention of ${JSON.stringify(broker)}`, () => assert.equal(topic(broker).retentionMs, expected));
  }

  test('other keys with several units', () => {
    assert.equal(topic({ 'log.roll.hours': '2' }).segmentMs, 2 * HOUR_MS);
    assert.equal(topic({ 'log.roll.hours': '2', 'log.roll.ms': '7' }).segmentMs, 7);
    assert.equal(topic({ 'log.roll.jitter.hours': '1' }).segmentJitterMs, HOUR_MS);
    assert.equal(topic({ 'log.flush.scheduler.interval.ms': '9' }).flushMs, 9);
    assert.equal(topic({ 'log.flush.scheduler.interval.ms': '9', 'log.flush.interval.ms': '8' }).flushMs, 8);
  });

  test('an override comes before the broker, an unknown one is passed over', () => {
    const config = topic({ 'message.max.bytes': '5' }, { 'max.message.bytes': '6', stale: 'x' });
    assert.equal(config.maxMessageBytes, 6);
  });

  test('an invalid override is an error', () => {
    assert.throws(() => topic({}, { 'segment.bytes': '1' }), ConfigError);
  });

  test('the old timestamp limit counts as long as the new ones are not set', () => {
    const broker = {
      'log.message.timestamp.difference.max.ms': '10',
      'log.message.timestamp.after.max.ms': '20',
    };
    assert.equal(topic(broker).messageTimestampBeforeMaxMs, 10);
    assert.equal(topic(broker).messageTimestampAfterMaxMs, 20);
    const override = { 'message.timestamp.difference.max.ms': '30' };
    assert.equal(topic({}, override).messageTimestampBeforeMaxMs, 30);
  });

  for (const [ibp, brokerFormat, override, magic] of [
    ['3.9', '0.9.0', '0.9.0', 2],
    ['2.8', '0.10.2', undefined, 1],
    ['2.8', '0.10.2.1', '0.9.0', 0],
    ['2.8', '0.11.0', '2.0', 2],
  ] as const) {
    test(`format ${brokerFormat}, override ${override}, protocol ${ibp}: magic ${magic}`, () => {
      const broker = { 'inter.broker.protocol.version': ibp, 'log.message.format.version': brokerFormat };
      const config = topic(broker, override === undefined ? {} : { 'message.format.version': override });
      assert.equal(logConfig(config).messageFormatMagic, magic);
    });
  }

  test("Kafka's defaults are the log's", () => {
    assert.deepEqual(logConfig(topic({})), DEFAULT_LOG_CONFIG);
  });
});
