import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { ConfigError } from '../../../../../src/base/config-keys/config-error.ts';
import {
  type BrokerConfig,
  loadBrokerConfig,
  withDynamicConfig,
} from '../../../../../src/kafka/server/config/broker-config.ts';
import { connectionLimits } from '../../../../../src/kafka/server/config/connection-limits.ts';
import { checkReconfiguration } from '../../../../../src/kafka/server/config/reconfiguration.ts';

type Settings = Readonly<Record<string, string>>;

const none: ReadonlyMap<string, string> = new Map();

function configOf(settings: Settings): BrokerConfig {
  const given = { 'zookeeper.connect': 'z', listeners: 'PLAINTEXT://:9092', ...settings };
  return loadBrokerConfig(Object.entries(given).map(([key, value]) => ({ key, value, where: 'test' })))
    .config;
}

const map = (settings: Settings) => new Map(Object.entries(settings));

describe('a running broker', () => {
  const two = {
    listeners: 'PLAINTEXT://:9092,INSIDE://:9093',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,INSIDE:PLAINTEXT',
  };
  const cases: readonly (readonly [
    what: string,
    before: Settings,
    change: Settings,
    problem: RegExp | null,
  ])[] = [
    ['doubles its threads', { 'num.io.threads': '8' }, { 'num.io.threads': '16' }, null],
    ['halves its threads', { 'num.io.threads': '9' }, { 'num.io.threads': '4' }, null],
    [
      'gets too many threads',
      {},
      { 'num.io.threads': '17' },
      /should not be greater than double the current value 8/,
    ],
    ['gets too few threads', {}, { 'num.io.threads': '3' }, /should be at least half the current value 8/],
    ['loses its fetchers', {}, { 'num.replica.fetchers': '0' }, /should be at least 1/],
    ['gets too many cleaners', {}, { 'log.cleaner.threads': '3' }, /log.cleaner.threads=3/],
    [
      'gets too many threads of a listener',
      {},
      { 'listener.name.plaintext.num.network.threads': '7' },
      /double/,
    ],
    ['may have no connections', {}, { 'max.connections': '0' }, /Invalid max.connections 0/],
    [
      'may have none on a listener',
      {},
      { 'listener.name.plaintext.max.connections': '0' },
      /Invalid max.connections 0/,
    ],
    ['has limits for a listener', {}, { 'listener.name.plaintext.max.connections': '5' }, null],
    ['gets a listener', {}, two, null],
    ['loses a listener', two, { listeners: 'PLAINTEXT://:9092' }, null],
    [
      'gets another protocol on a listener',
      two,
      { 'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,INSIDE:SSL' },
      /Security protocol cannot be updated for existing listener INSIDE/,
    ],
    [
      'gets another setting of a listener that stays',
      {},
      { 'listener.name.plaintext.sasl.enabled.mechanisms': 'PLAIN', ...two },
      /cannot be updated dynamically for existing listener PLAINTEXT/,
    ],
    [
      'gets a listener that it cannot have',
      {},
      { listeners: 'PLAINTEXT://:9092,SSL://:9093' },
      /not supported yet/,
    ],
    ['forgets producers sooner', {}, { 'producer.id.expiration.ms': '1000' }, null],
  ];
  for (const [what, before, change, problem] of cases) {
    test(what, () => {
      const old = configOf(before);
      const check = () => checkReconfiguration(old, withDynamicConfig(old, none, map(change)).config);
      if (problem === null) check();
      else assert.throws(check, (error) => error instanceof ConfigError && problem.test(error.message));
    });
  }
});

test('what cannot be dynamic is left out, with a warning', () => {
  const { config, warnings } = withDynamicConfig(
    configOf({}),
    map({ 'broker.id': '7', listeners: 'PLAINTEXT://:1', 'message.max.bytes': '7' }),
    map({ 'ssl.keystore.type': 'PEM', 'listener.name.x.ssl.key.password': 'secret', 'num.io.threads': 'x' }),
  );
  assert.deepEqual([config.brokerId, config.listeners, config.messageMaxBytes], [-1, 'PLAINTEXT://:9092', 7]);
  assert.equal(warnings.length, 5);
  assert.deepEqual([...config.layers.dynamicDefault.keys()], ['message.max.bytes']);
  assert.equal(config.layers.dynamicBroker.size, 0);
});

test('connections are limited in all, by listener and by address', () => {
  const settings = {
    listeners: 'PLAINTEXT://:9092,INSIDE://:9093',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,INSIDE:PLAINTEXT',
    'inter.broker.listener.name': 'INSIDE',
    'max.connections': '50',
    'listener.name.inside.max.connections': '5',
    'max.connections.per.ip.overrides': '127.0.0.1:200, 10.0.0.1:5',
  };
  const limits = connectionLimits(
    withDynamicConfig(configOf(settings), map({ 'max.connections': '40' }), none).config,
  );
  assert.deepEqual(limits, {
    maxConnections: 40,
    maxConnectionsPerListener: new Map([['INSIDE', 5]]),
    maxConnectionsPerIp: 2_147_483_647,
    maxConnectionsPerIpOverrides: new Map([
      ['127.0.0.1', 200],
      ['10.0.0.1', 5],
    ]),
    protectedListener: 'INSIDE',
  });
});
