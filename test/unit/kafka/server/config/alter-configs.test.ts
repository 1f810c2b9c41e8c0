import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import {
  AlterOperation,
  alterBroker,
  alterTopic,
  checkTopicConfigs,
  replaceBrokerConfigs,
  replaceTopicConfigs,
} from '../../../../../src/kafka/server/config/alter-configs.ts';
import { loadBrokerConfig } from '../../../../../src/kafka/server/config/broker-config.ts';
import { ErrorCode } from '../../../../../src/wire/kafka/errors.ts';

const { config } = loadBrokerConfig([
  { key: 'zookeeper.connect', value: 'z', where: 'test' },
  { key: 'log.retention.bytes', value: '100', where: 'test' },
]);
const none: ReadonlyMap<string, string> = new Map();

describe('altering configuration', () => {
  test('replacing drops what is not named', () => {
    const outcome = replaceTopicConfigs(config, 't', [{ name: 'retention.ms', value: '5' }]);
    assert.deepEqual(outcome, { configs: new Map([['retention.ms', '5']]) });
  });

  test('the same key twice', () => {
    const twice = { name: 'retention.ms', operation: AlterOperation.set, value: '1' };
    assert.deepEqual(alterTopic(config, 't', none, [twice, twice]), {
      errorCode: ErrorCode.INVALID_REQUEST,
      message: 'Error due to duplicate config keys',
    });
  });

  test('an operation that does not exist', () => {
    const outcome = alterTopic(config, 't', none, [{ name: 'retention.ms', operation: 9, value: '1' }]);
    assert.deepEqual(outcome, { errorCode: ErrorCode.INVALID_REQUEST, message: 'Unknown operations type 9' });
  });

  test('null for a value', () => {
    const outcome = replaceBrokerConfigs(config, 'broker', [{ name: 'message.max.bytes', value: null }]);
    assert.deepEqual(outcome, {
      errorCode: ErrorCode.INVALID_REQUEST,
      message: 'Null value not supported for : message.max.bytes',
    });
  });

  test('what is refused changes nothing', () => {
    const current = new Map([['retention.ms', '5']]);
    alterTopic(config, 't', current, [
      { name: 'retention.ms', operation: AlterOperation.set, value: '6' },
      { name: 'segment.bytes', operation: AlterOperation.set, value: 'x' },
    ]);
    assert.deepEqual([...current], [['retention.ms', '5']]);
  });

  test('a rule between keys of the broker holds for dynamic values too', () => {
    const outcome = alterBroker(config, 'broker', none, [
      { name: 'log.cleaner.min.compaction.lag.ms', operation: AlterOperation.set, value: '10' },
      { name: 'log.cleaner.max.compaction.lag.ms', operation: AlterOperation.set, value: '5' },
    ]);
    assert('errorCode' in outcome && outcome.errorCode === ErrorCode.INVALID_REQUEST);
  });

  test('a topic may contradict its broker', () => {
    const lag = { 'min.compaction.lag.ms': '10', 'max.compaction.lag.ms': '20' };
    assert.equal(checkTopicConfigs(config, new Map(Object.entries(lag))), undefined);
  });
});
