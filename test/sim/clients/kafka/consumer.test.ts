import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Consumer } from '../../../../src/clients/kafka/consumer/consumer.ts';
import type { ConsumerOptions } from '../../../../src/clients/kafka/consumer/consumer-options.ts';
import { isKafkaError } from '../../../../src/clients/kafka/kafka-error.ts';
import { stringSerde } from '../../../../src/clients/kafka/serde.ts';
import { buildBatch } from '../../../../src/wire/kafka/records/builder.ts';
import { append, BrokerSimulation, createTopic } from '../../../support/kafka/broker-simulation.ts';
import type { RawKafkaClient } from '../../../support/kafka/raw-kafka-client.ts';

const SETTINGS = {
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '2',
  'group.initial.rebalance.delay.ms': '0',
};
const NUMBERS = [{ topic: 'numbers', partition: 0 }];

interface Story {
  readonly servers: BrokerSimulation;
  readonly client: RawKafkaClient;
  consumer(options?: Partial<ConsumerOptions<string, string>>): Consumer<string, string>;
  produce(...values: (string | null)[]): Promise<void>;
}

/** A broker with the topic `numbers` of one partition. */
async function tell(story: (story: Story) => Promise<void>): Promise<void> {
  const servers = new BrokerSimulation(12, SETTINGS);
  const { sim } = servers;
  await sim.run(async () => {
    await servers.startZooKeeper();
    await servers.startBroker();
    const client = await servers.connect();
    await createTopic(client);
    await servers.leaderEpoch(client);
    const consumers: Consumer<string, string>[] = [];
    await story({
      servers,
      client,
      consumer(options) {
        const consumer = new Consumer<string, string>(sim.host('client').env, {
          bootstrapServers: 'broker:9092',
          keyDeserializer: stringSerde,
          valueDeserializer: stringSerde,
          autoOffsetReset: 'earliest',
          ...options,
        });
        consumers.push(consumer);
        return consumer;
      },
      async produce(...values) {
        const records = values.map((value, index) => ({
          timestamp: 1000 + index,
          key: null,
          value: value === null ? null : Buffer.from(value),
        }));
        assert.equal((await append(client, buildBatch(records))).errorCode, 0);
      },
    });
    await Promise.all(consumers.map((consumer) => consumer.close()));
  });
}

async function take(consumer: Consumer<string, string>, count: number): Promise<(string | null)[]> {
  const values: (string | null)[] = [];
  for await (const { value } of consumer) {
    values.push(value);
    if (values.length === count) break;
  }
  return values;
}

describe('a consumer that assigns partitions itself', () => {
  it('reads what is there and what comes', async () => {
    await tell(async ({ consumer, produce, servers }) => {
      await produce('one', 'two');
      const reader = consumer();
      reader.assign(NUMBERS);
      assert.deepEqual(await take(reader, 2), ['one', 'two']);
      const next = reader.poll();
      await servers.sim.advance(2000);
      await produce('three');
      const records = await next;
      assert.deepEqual(
        records.map(({ offset, value, timestamp }) => ({ offset, value, timestamp })),
        [{ offset: 2, value: 'three', timestamp: 1000 }],
      );
      assert.equal(await reader.position({ topic: 'numbers', partition: 0 }), 3);
    });
  });

  it('gives nothing when the time is up, and rejects when the signal is aborted', async () => {
    await tell(async ({ consumer }) => {
      const reader = consumer();
      reader.assign(NUMBERS);
      assert.deepEqual(await reader.poll({ timeoutMs: 700 }), []);
      const controller = new AbortController();
      const polled = reader.poll({ signal: controller.signal });
      controller.abort(new Error('enough'));
      await assert.rejects(polled, /enough/);
    });
  });

  it('seeks', async () => {
    await tell(async ({ consumer, produce }) => {
      await produce('a', 'b', 'c', 'd');
      const reader = consumer();
      reader.assign(NUMBERS);
      assert.deepEqual(await take(reader, 3), ['a', 'b', 'c']);
      reader.seek({ topic: 'numbers', partition: 0 }, 1);
      assert.deepEqual(await take(reader, 2), ['b', 'c']);
      reader.seekToBeginning();
      assert.deepEqual(await take(reader, 1), ['a']);
      reader.seekToEnd();
      assert.equal(await reader.position({ topic: 'numbers', partition: 0 }), 4);
      await reader.seekToTime(1002);
      assert.deepEqual(await take(reader, 1), ['c']);
      await reader.seekToTime(5000);
      assert.equal(await reader.position({ topic: 'numbers', partition: 0 }), 4);
      assert.deepEqual(await reader.endOffsets(NUMBERS), [{ topic: 'numbers', partition: 0, offset: 4 }]);
      assert.deepEqual(await reader.beginningOffsets(NUMBERS), [
        { topic: 'numbers', partition: 0, offset: 0 },
      ]);
    });
  });
});

describe('a member of a group', () => {
  it('goes on where the group has left off', async () => {
    await tell(async ({ consumer, produce }) => {
      await produce('a', 'b', 'c', 'd');
      const first = consumer({ groupId: 'g', enableAutoCommit: false });
      first.subscribe('numbers');
      assert.deepEqual(await take(first, 2), ['a', 'b']);
      await first.commit();
      await first.close();
      const second = consumer({ groupId: 'g' });
      second.subscribe(['numbers']);
      assert.deepEqual(await take(second, 2), ['c', 'd']);
      assert.deepEqual(await second.committed(NUMBERS), [
        { topic: 'numbers', partition: 0, offset: 2, leaderEpoch: 0, metadata: '' },
      ]);
    });
  });

  it('does not take back at the end what was committed explicitly', async () => {
    await tell(async ({ consumer, produce }) => {
      await produce('a', 'b', 'c');
      const first = consumer({ groupId: 'g' });
      first.subscribe('numbers');
      assert.deepEqual(await take(first, 2), ['a', 'b']);
      await first.commit();
      await first.close();
      const second = consumer({ groupId: 'g' });
      second.subscribe('numbers');
      assert.deepEqual(await take(second, 1), ['c']);
    });
  });

  it('commits by itself what was dealt with, not what was handed out last', async () => {
    await tell(async ({ consumer, produce, servers }) => {
      await produce('a', 'b', 'c', 'd');
      const first = consumer({ groupId: 'g' });
      first.subscribe('numbers');
      assert.deepEqual(await take(first, 3), ['a', 'b', 'c']);
      await servers.sim.advance(6000);
      assert.equal((await first.committed(NUMBERS))[0]?.offset, 2);
      await first.close();
      await assert.rejects(first.poll(), (error) => isKafkaError(error, 'CLOSED'));
    });
  });
});
