import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import { protocolErrorFacts } from '../../../src/clients/kafkajs/error-types.ts';
import * as ours from '../../../src/clients/kafkajs/index.ts';
import { type Servers, start } from '../../../src/embedded/index.ts';
import { KAFKAJS_SCENARIOS } from '../../support/kafka/kafkajs-scenarios.ts';
import type { Library } from '../../support/kafka/kafkajs-stage.ts';

/** By CommonJS, where nothing of it is missing. */
const theirs = createRequire(import.meta.url)('kafkajs') as Library;

/** kafkajs and what takes its place, on the same broker: what a program sees of them has to be the same. */
describe('the façade of kafkajs, beside kafkajs', { timeout: 240_000 }, () => {
  let servers: Servers;

  before(async () => {
    servers = await start({
      zookeeper: { port: 0 },
      kafka: {
        port: 0,
        config: { 'offsets.topic.num.partitions': '2', 'group.initial.rebalance.delay.ms': '0' },
      },
      storage: 'memory',
      logLevel: 'error',
    });
  });

  after(async () => {
    await servers?.close();
  });

  function stageOf(library: Library, prefix: string) {
    const kafka = new library.Kafka({
      clientId: 'scenario',
      brokers: [servers.bootstrapServers],
      logLevel: library.logLevel.NOTHING,
    });
    return { library, kafka, prefix };
  }

  for (const [index, { name, play }] of KAFKAJS_SCENARIOS.entries()) {
    it(name, async () => {
      const expected = await play(stageOf(theirs, `a${index}`));
      const actual = await play(stageOf(ours as unknown as Library, `b${index}`));
      assert.deepEqual(JSON.parse(JSON.stringify(actual)), JSON.parse(JSON.stringify(expected)));
    });
  }

  it('shares a group with kafkajs', async () => {
    const stages = [stageOf(theirs, ''), stageOf(ours as unknown as Library, '')];
    const admin = stages[1]?.kafka.admin();
    await admin?.connect();
    await admin?.createTopics({ topics: [{ topic: 'shared', numPartitions: 4 }] });
    await admin?.disconnect();
    const partitions = new Map<number, readonly number[]>();
    let settled = (): void => undefined;
    const done = new Promise<void>((resolve) => {
      settled = resolve;
    });
    const consumers = stages.map(({ kafka }, index) => {
      const consumer = kafka.consumer({ groupId: 'shared', maxWaitTimeInMs: 100, heartbeatInterval: 100 });
      consumer.on('consumer.group_join', ({ payload }) => {
        partitions.set(index, payload.memberAssignment['shared'] ?? []);
        if (partitions.get(0)?.length === 2 && partitions.get(1)?.length === 2) settled();
      });
      return consumer;
    });
    for (const consumer of consumers) {
      await consumer.connect();
      await consumer.subscribe({ topics: ['shared'] });
      await consumer.run({ eachMessage: async () => undefined });
    }
    await done;
    const description = await consumers[1]?.describeGroup();
    assert.equal(description?.members.length, 2);
    for (const consumer of consumers) await consumer.disconnect();
  });

  it('writes what is sent at the same time in the order of the calls, which kafkajs does not', async () => {
    const { kafka } = stageOf(ours as unknown as Library, '');
    const producer = kafka.producer();
    await producer.connect();
    const reports = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        producer.send({ topic: 'ordered', messages: [{ key: 'k', value: `${index}` }] }),
      ),
    );
    await producer.disconnect();
    const offsets = reports.map(([report]) => report?.baseOffset);
    assert.deepEqual(
      offsets,
      Array.from({ length: 60 }, (_, index) => `${index}`),
    );
  });

  it('names the errors of the protocol as kafkajs does, and tries the same again', () => {
    const { errorCodes } = createRequire(import.meta.url)('kafkajs/src/protocol/error') as {
      errorCodes: { type: string; code: number; retriable: boolean }[];
    };
    const named = errorCodes.map(({ type, code, retriable }) => ({ type, code, retriable }));
    const actual = named.map(({ code }) => {
      const { type, retriable } = protocolErrorFacts(code);
      return { type, code, retriable };
    });
    assert.deepEqual(actual, named);
    assert.equal(protocolErrorFacts(9999).type, 'KAFKAJS_UNKNOWN_ERROR_CODE');
  });

  it('exports what kafkajs exports, and the same as a default', () => {
    const names = Object.keys(theirs).sort();
    assert.deepEqual(Object.keys(ours).sort(), [...names, 'default'].sort());
    assert.deepEqual(Object.keys(ours.default).sort(), names);
  });
});
