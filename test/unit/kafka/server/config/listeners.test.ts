import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { ConfigError } from '../../../../../src/base/config-keys/config-error.ts';
import { type ListenerSettings, resolveListeners } from '../../../../../src/kafka/server/config/listeners.ts';

const defaults: ListenerSettings = {
  listeners: 'PLAINTEXT://:9092',
  advertisedListeners: null,
  listenerSecurityProtocolMap: 'SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT',
  interBrokerListenerName: null,
  securityInterBrokerProtocol: 'PLAINTEXT',
  securityInterBrokerProtocolGiven: false,
};

describe('listeners', () => {
  test('are advertised as they listen unless said otherwise', () => {
    const endpoint = { listenerName: 'PLAINTEXT', securityProtocol: 'PLAINTEXT', host: '', port: 9092 };
    assert.deepEqual(resolveListeners(defaults), {
      endpoints: [endpoint],
      advertised: [endpoint],
      interBrokerListener: 'PLAINTEXT',
    });
  });

  test('have names of their own, mapped to protocols, in any case', () => {
    const resolved = resolveListeners({
      ...defaults,
      listeners: 'internal://[::1]:9092, External://0.0.0.0:0',
      advertisedListeners: 'External://broker-1.example.org:19092,INTERNAL://10.0.0.1:9092',
      listenerSecurityProtocolMap: 'Internal:plaintext, EXTERNAL:SSL',
      interBrokerListenerName: 'internal',
    });
    assert.deepEqual(
      resolved.endpoints.map(({ listenerName, securityProtocol, host, port }) => [
        listenerName,
        securityProtocol,
        host,
        port,
      ]),
      [
        ['INTERNAL', 'PLAINTEXT', '::1', 9092],
        ['EXTERNAL', 'SSL', '0.0.0.0', 0],
      ],
    );
    assert.deepEqual(
      resolved.advertised.map(({ host }) => host),
      ['broker-1.example.org', '10.0.0.1'],
    );
    assert.equal(resolved.interBrokerListener, 'INTERNAL');
  });

  test('may share a port between IPv4 and IPv6', () => {
    const listeners = 'PLAINTEXT://127.0.0.1:9092,SSL://[::1]:9092';
    assert.equal(resolveListeners({ ...defaults, listeners }).endpoints.length, 2);
  });

  for (const [what, settings, pattern] of [
    ['nothing', { listeners: ' ' }, /at least one listener/],
    ['no port', { listeners: 'PLAINTEXT://host' }, /unable to parse 'PLAINTEXT:\/\/host'/],
    ['a port too large', { listeners: 'PLAINTEXT://:65536' }, /unable to parse/],
    ['an unmapped name', { listeners: 'INSIDE://:9092' }, /no security protocol defined for listener INSIDE/],
    ['a name twice', { listeners: 'SSL://:1,ssl://:2' }, /different name/],
    ['a port twice', { listeners: 'PLAINTEXT://:9092,SSL://:9092' }, /different port/],
    ['a protocol that is none', { listenerSecurityProtocolMap: 'PLAINTEXT:PLAIN' }, /is not NAME:PROTOCOL/],
    ['a name mapped twice', { listenerSecurityProtocolMap: 'A:SSL,a:SSL' }, /mapped twice/],
    ['an advertised name that does not listen', { advertisedListeners: 'SSL://h:1' }, /equal to or a subset/],
    ['an address nobody can reach', { advertisedListeners: 'PLAINTEXT://0.0.0.0:1' }, /0\.0\.0\.0/],
    [
      'an inter-broker listener that is not there',
      { interBrokerListenerName: 'SSL' },
      /must be a listener name defined/,
    ],
    [
      'two ways to say the inter-broker listener',
      { interBrokerListenerName: 'PLAINTEXT', securityInterBrokerProtocolGiven: true },
      /Only one of/,
    ],
  ] as const) {
    test(`${what} is refused`, () => {
      assert.throws(
        () => resolveListeners({ ...defaults, ...settings }),
        (error: unknown) =>
          error instanceof ConfigError && error.key !== undefined && pattern.test(error.message),
      );
    });
  }
});
