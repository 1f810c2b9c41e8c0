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
