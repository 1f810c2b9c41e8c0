import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Net } from '../../../src/env/net.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import { freePorts } from '../../../tools/peers/targets.ts';
import { IncrementalAlterConfigs, Metadata } from '../../support/kafka/pairs.ts';
import { RawKafkaClient } from '../../support/kafka/raw-kafka-client.ts';
import { startCluster } from '../../support/kafka/real-broker.ts';
import { memoryEnv } from '../../support/memory-env.ts';

const BROKER = 4;

async function withClient<T>(
  net: Net,
  port: number,
  work: (client: RawKafkaClient) => Promise<T>,
): Promise<T> {
  const client = await RawKafkaClient.connect(net, { host: '127.0.0.1', port });
  try {
    return await work(client);
  } finally {
    client.destroy();
  }
}

/** Sets values of broker 0. */
async function alter(net: Net, port: number, settings: Readonly<Record<string, string>>): Promise<void> {
  await withClient(net, port, async (client) => {
    const configs = Object.entries(settings).map(([name, value]) => ({ name, configOperation: 0, value }));
    const resources = [{ resourceType: BROKER, resourceName: '0', configs }];
    const answer = await client.call(IncrementalAlterConfigs, 1, { resources, validateOnly: false });
    assert.deepEqual(
      answer.responses.map(({ errorCode, errorMessage }) => [errorCode, errorMessage]),
      [[ErrorCode.NONE, null]],
    );
  });
}

/** The address of broker 0 as clients of a port are told. */
function toldAt(net: Net, port: number): Promise<string> {
  return withClient(net, port, async (client) => {
    const { brokers } = await client.call(Metadata, 1, { topics: [] });
    return brokers.map(({ host, port: advertised }) => `${host}:${advertised}`).join(',');
  });
}

/** Asks until the answer is as expected: changes come by way of ZooKeeper and the controller. */
async function eventually<T>(expected: T, look: () => Promise<T>): Promise<void> {
  for (let tries = 0; ; tries++) {
    const seen = await look().catch((error: unknown) => String(error));
    if (tries === 500 || seen === expected) return assert.equal(seen, expected);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('listeners come, change what they advertise, and go, while the broker runs', async () => {
  const env = memoryEnv();
  await using cluster = await startCluster(env);
  const port = cluster.broker.listeners[0]?.port ?? 0;
  await eventually(`127.0.0.1:${port}`, () => toldAt(env.net, port));

  await alter(env.net, port, { 'advertised.listeners': 'PLAINTEXT://broker.example.org:9099' });
  await eventually('broker.example.org:9099', () => toldAt(env.net, port));

  const [second = 0] = await freePorts(1);
  await alter(env.net, port, {
    listeners: `PLAINTEXT://127.0.0.1:0,INSIDE://127.0.0.1:${second}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,INSIDE:PLAINTEXT',
    'advertised.listeners': `PLAINTEXT://broker.example.org:9099,INSIDE://127.0.0.1:${second}`,
  });
  await eventually(`127.0.0.1:${second}`, () => toldAt(env.net, second));
  assert.equal(await toldAt(env.net, port), 'broker.example.org:9099');

  await alter(env.net, port, { 'listener.name.inside.max.connections': '1' });
  await alter(env.net, port, {
    listeners: 'PLAINTEXT://127.0.0.1:0',
    'advertised.listeners': 'PLAINTEXT://broker.example.org:9099',
  });
  await eventually('gone', () =>
    toldAt(env.net, second).then(
      () => 'there',
      () => 'gone',
    ),
  );
  assert.equal(await toldAt(env.net, port), 'broker.example.org:9099');
});

test('connections are limited anew', async () => {
  const env = memoryEnv();
  await using cluster = await startCluster(env);
  const port = cluster.broker.listeners[0]?.port ?? 0;
  await alter(env.net, port, { 'max.connections.per.ip': '1' });
  const one = await RawKafkaClient.connect(env.net, { host: '127.0.0.1', port });
  await one.call(Metadata, 1, { topics: [] });
  await eventually('refused', () =>
    toldAt(env.net, port).then(
      () => 'served',
      () => 'refused',
    ),
  );
  one.destroy();
});
