import assert from 'node:assert/strict';
import { channel, tracingChannel } from 'node:diagnostics_channel';
import { describe, it } from 'node:test';
import { Admin } from '../../../../src/clients/kafka/admin/admin.ts';
import { Consumer } from '../../../../src/clients/kafka/consumer/consumer.ts';
import type { ConsumerOptions } from '../../../../src/clients/kafka/consumer/consumer-options.ts';
import { isKafkaError } from '../../../../src/clients/kafka/kafka-error.ts';
import { Producer } from '../../../../src/clients/kafka/producer/producer.ts';
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

describe('a consumer', () => {
  it('holds back what is paused, and loses none of it', async () => {
    await tell(async ({ consumer, produce, servers }) => {
      await produce('a', 'b', 'c');
      const reader = consumer();
      reader.assign(NUMBERS);
      assert.deepEqual(await take(reader, 1), ['a']);
      reader.pause(NUMBERS);
      assert.deepEqual(reader.paused(), NUMBERS);
      assert.deepEqual(await reader.poll({ timeoutMs: 1500 }), []);
      await produce('d');
      await servers.sim.advance(1000);
      reader.resume();
      assert.deepEqual(await take(reader, 3), ['b', 'c', 'd']);
    });
  });

  it('gives what was fetched together as a batch', async () => {
    await tell(async ({ consumer, produce }) => {
      await produce('a', 'b', 'c');
      const reader = consumer();
      reader.assign(NUMBERS);
      for await (const batch of reader.batches()) {
        const { firstOffset, lastOffset, nextOffset, highWatermark, records } = batch;
        assert.deepEqual([firstOffset, lastOffset, nextOffset, highWatermark], [0, 2, 3, 3]);
        assert.deepEqual(
          records.map(({ value }) => value),
          ['a', 'b', 'c'],
        );
        break;
      }
      const [partition] = reader.metrics().partitions;
      assert.equal(partition?.lag, 0);
      assert.equal(partition?.lead, 3);
    });
  });

  it('gives records as a stream, and commits those that have left it', async () => {
    await tell(async ({ consumer, produce, servers }) => {
      await produce('a', 'b', 'c', 'd', 'e');
      const reader = consumer({ groupId: 'g' });
      reader.subscribe('numbers');
      const values: string[] = [];
      for await (const { value } of reader.stream() as AsyncIterable<{ value: string }>) {
        values.push(value);
        if (values.length < 3) continue;
        await servers.sim.advance(6000);
        // The third is being dealt with.
        assert.equal((await reader.committed(NUMBERS))[0]?.offset, 2);
        break;
      }
      assert.deepEqual(values, ['a', 'b', 'c']);
    });
  });

  it('ends its loops when it is closed, and lets one reader wait at a time', async () => {
    await tell(async ({ consumer, servers }) => {
      const reader = consumer();
      reader.assign(NUMBERS);
      const loop = take(reader, 1);
      await servers.sim.advance(100);
      await assert.rejects(reader.poll(), (error) => isKafkaError(error, 'INVALID_STATE'));
      await reader.close();
      assert.deepEqual(await loop, []);
    });
  });

  it('begins as the policy says where there is no offset', async () => {
    await tell(async ({ consumer, produce, servers }) => {
      await produce('a', 'b', 'c');
      const strict = consumer({ groupId: 'strict', autoOffsetReset: 'none' });
      strict.subscribe('numbers');
      await assert.rejects(strict.poll(), (error) => isKafkaError(error, 'OFFSET_OUT_OF_RANGE'));
      const late = consumer({ autoOffsetReset: 'latest' });
      late.assign(NUMBERS);
      assert.equal(await late.position({ topic: 'numbers', partition: 0 }), 3);
      // Timestamps are 1000, 1001, 1002 ms.
      const byDurationMs = servers.sim.host('client').env.clock.nowMs() - 1001;
      const recent = consumer({ autoOffsetReset: { byDurationMs } });
      recent.assign(NUMBERS);
      assert.ok((await recent.position({ topic: 'numbers', partition: 0 })) >= 1);
    });
  });

  it('reads on after an offset that retention has taken', async () => {
    await tell(async ({ consumer, produce }) => {
      await produce('a', 'b');
      const reader = consumer();
      reader.assign(NUMBERS);
      reader.seek({ topic: 'numbers', partition: 0 }, 700);
      assert.deepEqual(await take(reader, 2), ['a', 'b']);
    });
  });

  it('skips or hands over raw what does not parse', async () => {
    await tell(async ({ consumer, produce }) => {
      await produce('1', 'x', '3');
      const valueDeserializer = {
        deserialize(bytes: Buffer): string {
          if (String(bytes) === 'x') throw new Error('no number');
          return String(bytes);
        },
      };
      const failing = consumer({ valueDeserializer });
      failing.assign(NUMBERS);
      assert.deepEqual(await take(failing, 1), ['1']);
      await assert.rejects(failing.poll(), (error) => isKafkaError(error, 'SERIALIZATION'));
      failing.seek({ topic: 'numbers', partition: 0 }, 2);
      assert.deepEqual(await take(failing, 1), ['3']);
      const skipping = consumer({ valueDeserializer, onUnparsable: 'skip' });
      skipping.assign(NUMBERS);
      assert.deepEqual(await take(skipping, 2), ['1', '3']);
    });
  });

  it('publishes what it does on diagnostics channels', async () => {
    await tell(async ({ consumer, produce }) => {
      await produce('a');
      const events: string[] = [];
      const note = (event: unknown): void => {
        const { attributes } = event as { attributes: Record<string, unknown> };
        events.push(
          `${attributes['messaging.operation.name']} ${attributes['messaging.consumer.group.name']}`,
        );
      };
      const channels = ['receive', 'rebalance'].map((name) => channel(`streamkeeper:kafka:consumer:${name}`));
      for (const one of channels) one.subscribe(note);
      const commits = tracingChannel('streamkeeper:kafka:consumer:commit');
      const subscriber = { start: note, end() {}, asyncStart() {}, asyncEnd() {}, error() {} };
      commits.subscribe(subscriber);
      const reader = consumer({ groupId: 'g' });
      reader.subscribe('numbers');
      await take(reader, 1);
      await reader.commit();
      for (const one of channels) one.unsubscribe(note);
      commits.unsubscribe(subscriber);
      assert.deepEqual(events, ['rebalance g', 'poll g', 'commit g']);
    });
  });
});

describe('a member of a group', () => {
  it('finds topics that come to match its pattern, and partitions that come to its topics', async () => {
    await tell(async ({ consumer, produce, servers }) => {
      await produce('a');
      const env = servers.sim.host('client').env;
      await using admin = new Admin(env, { bootstrapServers: 'broker:9092' });
      await using producer = new Producer<string, string>(env, { bootstrapServers: 'broker:9092' });
      const reader = consumer({ groupId: 'g', metadataMaxAgeMs: 1000, heartbeatIntervalMs: 500 });
      reader.subscribe(/^num/);
      assert.deepEqual(await take(reader, 1), ['a']);
      await admin.createTopics([{ name: 'numerals', partitions: 1 }]);
      await admin.createTopics([{ name: 'letters', partitions: 1 }]);
      await producer.send({ topic: 'letters', value: 'no' });
      await producer.send({ topic: 'numerals', value: 'V' });
      assert.deepEqual(await take(reader, 1), ['V']);
      await admin.createPartitions([{ topic: 'numerals', totalCount: 2 }]);
      await servers.sim.advance(1000);
      await using other = new Producer<string, string>(env, { bootstrapServers: 'broker:9092' });
      await other.send({ topic: 'numerals', partition: 1, value: 'VI' });
      assert.deepEqual(await take(reader, 1), ['VI']);
      assert.equal(reader.assignment().length, 3);
    });
  });

  it('says goodbye and comes back when it unsubscribes and subscribes again', async () => {
    await tell(async ({ consumer, produce }) => {
      await produce('a', 'b');
      const reader = consumer({ groupId: 'g' });
      reader.subscribe('numbers');
      assert.deepEqual(await take(reader, 1), ['a']);
      await reader.commit();
      await reader.unsubscribe();
      assert.deepEqual(reader.assignment(), []);
      reader.assign(NUMBERS);
      assert.deepEqual(await take(reader, 1), ['b']);
      assert.throws(
        () => reader.subscribe('numbers'),
        (error) => isKafkaError(error, 'INVALID_STATE'),
      );
    });
  });

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
