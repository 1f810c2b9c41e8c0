import assert from 'node:assert/strict';
import { tracingChannel } from 'node:diagnostics_channel';
import { describe, it } from 'node:test';
import { Cluster } from '../../../../src/clients/kafka/cluster/cluster.ts';
import { isKafkaError } from '../../../../src/clients/kafka/kafka-error.ts';
import { Producer } from '../../../../src/clients/kafka/producer/producer.ts';
import type { ProducerOptions } from '../../../../src/clients/kafka/producer/producer-options.ts';
import { SEND_CHANNEL, type SendTrace } from '../../../../src/clients/kafka/producer/send-trace.ts';
import { jsonSerde } from '../../../../src/clients/kafka/serde.ts';
import type { Env } from '../../../../src/env/env.ts';
import { ErrorCode } from '../../../../src/wire/kafka/errors.ts';
import { ProduceRequest, ProduceResponse } from '../../../../src/wire/kafka/messages/00-produce.ts';
import {
  InitProducerIdRequest,
  InitProducerIdResponse,
} from '../../../../src/wire/kafka/messages/22-init-producer-id.ts';
import type { LogRecord } from '../../../../src/wire/kafka/records/record.ts';
import { BrokerSimulation } from '../../../support/kafka/broker-simulation.ts';
import { readPartition } from '../../../support/kafka/read-partition.ts';
import { ScriptedBrokers } from '../../../support/kafka/scripted-brokers.ts';

const SETTINGS = { 'offsets.topic.replication.factor': '1', 'offsets.topic.num.partitions': '2' };
const SERVERS = { bootstrapServers: 'broker:9092' };

interface Stage {
  readonly env: Env;
  readonly servers: BrokerSimulation;
  read(topic: string, partition?: number): Promise<LogRecord[]>;
}

/** A cluster of one broker, and a client on another host. */
async function tell(
  story: (stage: Stage) => Promise<void>,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  const servers = new BrokerSimulation(5, { ...SETTINGS, ...settings });
  const { sim } = servers;
  await sim.run(async () => {
    await servers.startZooKeeper();
    await servers.startBroker();
    const { env } = sim.host('client');
    const cluster = new Cluster(env, SERVERS);
    const read = (topic: string, partition = 0) => readPartition({ cluster, topic, partition });
    await story({ env, servers, read });
    cluster.close();
  });
}

async function withProducer<K, V>(
  env: Env,
  options: Omit<ProducerOptions<K, V>, 'bootstrapServers'>,
  story: (producer: Producer<K, V>) => Promise<void>,
): Promise<void> {
  await using producer = new Producer<K, V>(env, { ...SERVERS, ...options });
  await story(producer);
}

const texts = (records: readonly LogRecord[]) => records.map(({ value }) => String(value));

describe('a producer', () => {
  it('sends to a topic that the broker creates for it, and says where', async () => {
    await tell(async ({ env, read }) => {
      await withProducer(env, {}, async (producer) => {
        const sent = await producer.send({
          topic: 'orders',
          key: 'k',
          value: 'v',
          headers: { trace: 'abc', none: null },
          timestamp: 1_700_000_000_123,
        });
        assert.deepEqual(sent, { topic: 'orders', partition: 0, offset: 0, timestamp: 1_700_000_000_123 });
      });
      const [record] = await read('orders');
      assert.ok(record !== undefined);
      assert.equal(String(record.key), 'k');
      assert.equal(String(record.value), 'v');
      assert.equal(record.timestamp, 1_700_000_000_123);
      assert.deepEqual(
        record.headers.map(({ key, value }) => [key, value === null ? null : String(value)]),
        [
          ['trace', 'abc'],
          ['none', null],
        ],
      );
      assert.equal(record.sequence, 0);
    });
  });

  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    it(`keeps the order of calls over many batches (${compression})`, async () => {
      await tell(async ({ env, read }) => {
        const count = 2000;
        await withProducer(env, { compression, batchBytes: 1000 }, async (producer) => {
          const sent = await Promise.all(
            Array.from({ length: count }, (_, i) => producer.send({ topic: 'orders', value: `value ${i}` })),
          );
          assert.deepEqual(
            sent.map(({ offset }) => offset),
            Array.from({ length: count }, (_, i) => i),
          );
          assert.ok(producer.metrics().batchesSent > 5);
          assert.equal(producer.metrics().bufferedBytes, 0);
        });
        assert.deepEqual(
          texts(await read('orders')),
          Array.from({ length: count }, (_, i) => `value ${i}`),
        );
      });
    });
  }

  for (const acks of [0, 1, 'all'] as const) {
    it(`sends with acks ${acks}, and what is left when it is closed`, async () => {
      await tell(async ({ env, read, servers }) => {
        const producer = new Producer(env, { ...SERVERS, acks, lingerMs: 1000 });
        const sent = Array.from({ length: 10 }, (_, i) => producer.send({ topic: 'orders', value: `${i}` }));
        await producer.close();
        const offsets = (await Promise.all(sent)).map(({ offset }) => offset);
        assert.deepEqual(offsets, acks === 0 ? Array(10).fill(-1) : [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        await servers.sim.advance(1000);
        assert.equal((await read('orders')).length, 10);
      });
    });
  }

  it('sends a lone record at once, and lets records wait for others when told so', async () => {
    await tell(async ({ env }) => {
      for (const [options, atLeastMs, atMostMs] of [
        [{}, 0, 4.9],
        [{ lingerMs: 50 }, 50, 60],
      ] as const) {
        await withProducer(env, options, async (producer) => {
          await producer.send({ topic: 'orders', value: 'first' });
          const startMs = env.clock.monotonicMs();
          await producer.send({ topic: 'orders', value: 'second' });
          const tookMs = env.clock.monotonicMs() - startMs;
          assert.ok(tookMs >= atLeastMs && tookMs <= atMostMs, `${tookMs} ms`);
        });
      }
    });
  });

  it('tells the time of the broker for a topic that keeps that', async () => {
    await tell(
      async ({ env }) => {
        await withProducer(env, {}, async (producer) => {
          const { timestamp } = await producer.send({ topic: 'orders', value: 'x', timestamp: 5 });
          assert.ok(timestamp > Date.UTC(2020, 0, 1));
        });
      },
      { 'log.message.timestamp.type': 'LogAppendTime' },
    );
  });

  it('splits a batch that the broker does not take for its size', async () => {
    await tell(
      async ({ env, read }) => {
        await withProducer(env, { batchBytes: 50_000, lingerMs: 5 }, async (producer) => {
          const values = Array.from({ length: 100 }, (_, i) => `${i} ${'x'.repeat(900)}`);
          const sent = await producer.sendMany(values.map((value) => ({ topic: 'orders', value })));
          assert.deepEqual(
            sent.map(({ offset }) => offset),
            values.map((_, i) => i),
          );
          assert.ok(producer.metrics().batchesSplit > 0);
          assert.deepEqual(texts(await read('orders')), values);
          await assert.rejects(producer.send({ topic: 'orders', value: 'x'.repeat(11_000) }), (error) =>
            isKafkaError(error, 'MESSAGE_TOO_LARGE'),
          );
          // The next one is not held up by what was refused.
          assert.equal((await producer.send({ topic: 'orders', value: 'after' })).offset, 100);
        });
      },
      { 'message.max.bytes': '10000' },
    );
  });

  it('holds records back while the buffer is full, and loses none', async () => {
    await tell(async ({ env, read }) => {
      await withProducer(env, { bufferBytes: 4000, batchBytes: 1000 }, async (producer) => {
        const values = Array.from({ length: 200 }, (_, i) => `${i} ${'x'.repeat(100)}`);
        const sent = values.map((value) => producer.send({ topic: 'orders', value }));
        assert.equal(producer.hasRoom, false);
        await producer.room();
        await Promise.all(sent);
        assert.deepEqual(texts(await read('orders')), values);
      });
    });
  });

  it('gives up on records that find no room in time', async () => {
    await tell(async ({ env, servers }) => {
      await withProducer(
        env,
        { bufferBytes: 2000, batchBytes: 1000, maxBlockMs: 500, deliveryTimeoutMs: 40_000 },
        async (producer) => {
          await producer.send({ topic: 'orders', value: 'first' });
          servers.sim.network.isolate('broker');
          const sent = Array.from({ length: 30 }, () =>
            producer.send({ topic: 'orders', value: 'x'.repeat(500) }).then(
              () => 'sent',
              (error: unknown) => (isKafkaError(error, 'TIMED_OUT') ? 'timed out' : error),
            ),
          );
          await servers.sim.advance(1000);
          servers.sim.network.heal();
          const outcomes = await Promise.all(sent);
          assert.deepEqual([outcomes[0], outcomes[29]], ['sent', 'timed out']);
        },
      );
    });
  });

  it('does not send a record that is aborted while it waits', async () => {
    await tell(async ({ env, servers, read }) => {
      await withProducer(env, {}, async (producer) => {
        const controller = new AbortController();
        const sent = producer.send({ topic: 'orders', value: 'aborted' }, { signal: controller.signal });
        controller.abort(new Error('no longer'));
        await assert.rejects(sent, /no longer/);
        await producer.send({ topic: 'orders', value: 'kept' });
        await servers.sim.advance(1000);
        assert.deepEqual(texts(await read('orders')), ['kept']);
      });
    });
  });

  it('rejects what it cannot send, by name', async () => {
    await tell(async ({ env }) => {
      await withProducer(env, { maxRequestBytes: 1000, maxBlockMs: 2000 }, async (producer) => {
        const wrong = [
          [{ topic: '', value: 'x' }, 'INVALID_ARGUMENT'],
          [{ topic: 'orders', partition: -3, value: 'x' }, 'INVALID_ARGUMENT'],
          [{ topic: 'orders', partition: 7, value: 'x' }, 'INVALID_ARGUMENT'],
          [{ topic: 'orders', timestamp: -5, value: 'x' }, 'INVALID_ARGUMENT'],
          [{ topic: 'orders', value: 5 as unknown as string }, 'SERIALIZATION'],
          [{ topic: 'orders', value: 'x'.repeat(1000) }, 'MESSAGE_TOO_LARGE'],
          [{ topic: 'no such name!', value: 'x' }, 'INVALID_TOPIC_EXCEPTION'],
        ] as const;
        for (const [record, code] of wrong) {
          await assert.rejects(producer.send(record), (error) => isKafkaError(error, code), code);
        }
        assert.equal((await producer.send({ topic: 'orders', value: 'x' })).offset, 0);
      });
      const closed = new Producer(env, SERVERS);
      await closed.close();
      await assert.rejects(closed.send({ topic: 'orders', value: 'x' }), (error) =>
        isKafkaError(error, 'CLOSED'),
      );
    });
  });

  it('serializes by type, and shows records and outcomes to interceptors', async () => {
    await tell(async ({ env, read }) => {
      const seen: string[] = [];
      await withProducer<string, { readonly n: number }>(
        env,
        {
          valueSerializer: jsonSerde(),
          interceptors: [
            { onSend: (record) => ({ ...record, value: { n: (record.value?.n ?? 0) + 1 } }) },
            {
              onAcknowledgement: (record, metadata, error) =>
                void seen.push(`${record.value?.n} ${metadata?.offset} ${error?.name}`),
            },
            {
              onSend: () => {
                throw new Error('of no account');
              },
            },
          ],
        },
        async (producer) => {
          await producer.send({ topic: 'orders', key: 'a', value: { n: 1 } });
          await assert.rejects(producer.send({ topic: 'orders', partition: 9, value: { n: 2 } }));
        },
      );
      assert.deepEqual(seen, ['2 0 undefined', '3 undefined KafkaError']);
      assert.deepEqual(texts(await read('orders')), ['{"n":2}']);
    });
  });

  it('tells who subscribed of every call, and sends the headers that they add', async () => {
    await tell(async ({ env, read }) => {
      const channel = tracingChannel<unknown, SendTrace>(SEND_CHANNEL);
      const seen: unknown[] = [];
      const subscriber = {
        start: ({ headers }: SendTrace) => void headers.push({ key: 'traceparent', value: '00-1-2-01' }),
        end: () => undefined,
        asyncStart: () => undefined,
        asyncEnd: ({ attributes }: SendTrace) => void seen.push({ ...attributes }),
        error: () => undefined,
      };
      channel.subscribe(subscriber);
      try {
        await withProducer(env, { clientId: 'me' }, async (producer) => {
          await producer.send({ topic: 'orders', key: 'k', value: null, headers: { own: 'x' } });
          await producer.sendMany([{ topic: 'orders', value: 'a' }, { topic: 'orders' }]);
          await assert.rejects(producer.send({ topic: 'orders', partition: 9, value: 'x' }));
        });
      } finally {
        channel.unsubscribe(subscriber);
      }
      const common = {
        'messaging.system': 'kafka',
        'messaging.operation.name': 'send',
        'messaging.operation.type': 'send',
        'messaging.client.id': 'me',
        'messaging.destination.name': 'orders',
      };
      assert.deepEqual(seen, [
        {
          ...common,
          'messaging.kafka.message.key': 'k',
          'messaging.kafka.message.tombstone': true,
          'messaging.destination.partition.id': '0',
          'messaging.kafka.offset': 0,
        },
        { ...common, 'messaging.batch.message_count': 2 },
        { ...common, 'error.type': 'INVALID_ARGUMENT' },
      ]);
      assert.deepEqual(
        (await read('orders')).map(({ headers }) => headers.map(({ key }) => key)),
        [['own', 'traceparent'], ['traceparent'], ['traceparent']],
      );
    });
  });

  it('does not let one partition hold up the others', async () => {
    await tell(
      async ({ env }) => {
        const options = { batchBytes: 500, maxRequestBytes: 600, maxInFlightRequests: 1 };
        await withProducer(env, options, async (producer) => {
          const order: number[] = [];
          const send = async (partition: number) => {
            await producer.send({ topic: 'orders', partition, value: 'x'.repeat(400) });
            order.push(partition);
          };
          await Promise.all([...Array<number>(50).fill(0), 1].map(send));
          assert.ok(order.indexOf(1) < 5, `${order}`);
        });
      },
      { 'num.partitions': '2' },
    );
  });

  it('goes to the leader that the former one names, before others know of it', async () => {
    const brokers = new ScriptedBrokers();
    const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ';
    const nodeEndpoints = [{ nodeId: 2, host: 'broker-2', port: 9092, rack: null }];
    brokers.on(InitProducerIdRequest, InitProducerIdResponse, () => ({
      throttleTimeMs: 0,
      errorCode: 0,
      producerId: 5n,
      producerEpoch: 0,
    }));
    brokers.on(ProduceRequest, ProduceResponse, (_, brokerId) => {
      const isLeader = brokerId === 2;
      const answer = {
        index: 0,
        errorCode: isLeader ? 0 : ErrorCode.NOT_LEADER_OR_FOLLOWER,
        baseOffset: isLeader ? 8 : -1,
        ...(isLeader ? {} : { currentLeader: { leaderId: 2, leaderEpoch: 1 } }),
      };
      return { responses: [{ topicId, partitionResponses: [answer] }], throttleTimeMs: 0, nodeEndpoints };
    });
    await brokers.sim.run(async () => {
      await brokers.listen();
      const { env } = brokers.sim.host('client');
      await using producer = new Producer(env, { bootstrapServers: brokers.bootstrapServers });
      const startMs = env.clock.monotonicMs();
      assert.equal((await producer.send({ topic: 'orders', value: 'v' })).offset, 8);
      assert.ok(env.clock.monotonicMs() - startMs < 50);
      assert.equal((await producer.send({ topic: 'orders', value: 'v' })).offset, 8);
      const sent = brokers.asked.filter((line) => line.endsWith('ProduceRequest'));
      assert.deepEqual(sent, ['1 ProduceRequest', '2 ProduceRequest', '2 ProduceRequest']);
    });
  });
});
