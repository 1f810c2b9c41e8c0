import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startBroker } from '../../../../src/kafka/server/broker.ts';
import { loadBrokerConfig } from '../../../../src/kafka/server/config/broker-config.ts';
import { memoryEnv } from '../../../support/memory-env.ts';

/** The error of a broker that is started with these settings, without anything of it having begun. */
async function refusal(settings: Readonly<Record<string, string>>): Promise<unknown> {
  const properties = { 'broker.id': '0', 'zookeeper.connect': '127.0.0.1:1', ...settings };
  const given = Object.entries(properties).map(([key, value]) => ({ key, value, where: 'the test' }));
  const env = memoryEnv();
  const error = await startBroker(env, loadBrokerConfig(given).config).catch((error: unknown) => error);
  assert.equal(env.disk.stat('/tmp/kafka-logs'), undefined, 'the log directory was touched');
  return error;
}

describe('a broker that is told to keep somebody out, and cannot, does not start', () => {
  for (const [settings, message] of [
    [
      { listeners: 'SSL://127.0.0.1:0', 'security.inter.broker.protocol': 'SSL' },
      /^listener SSL asks for SSL, /,
    ],
    [
      {
        listeners: 'A://127.0.0.1:0,B://127.0.0.1:1',
        'listener.security.protocol.map': 'A:PLAINTEXT,B:SASL_PLAINTEXT',
        'inter.broker.listener.name': 'A',
      },
      /^listener B asks for SASL_PLAINTEXT, .*listener\.security\.protocol\.map$/,
    ],
    [
      { 'authorizer.class.name': 'kafka.security.authorizer.AclAuthorizer' },
      /^authorizer\.class\.name asks for/,
    ],
    [{ 'zookeeper.set.acl': 'true' }, /^zookeeper\.set\.acl asks for ACLs/],
    [{ 'zookeeper.ssl.client.enable': 'true' }, /^zookeeper\.ssl\.client\.enable asks for TLS/],
  ] as const) {
    it(Object.keys(settings).join(', '), async () => {
      const error = await refusal(settings);
      assert.ok(error instanceof Error);
      assert.equal(error.name, 'ConfigError');
      assert.match(error.message, message);
    });
  }
});
