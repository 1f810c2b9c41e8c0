import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  type Admin,
  CompressionTypes,
  type EachBatchPayload,
  Kafka,
  type KafkaMessage,
  logLevel,
  Partitioners,
} from 'kafkajs';
import { type Servers, start } from '../../../src/embedded/index.ts';

const GIVE_UP_MS = 20_000;

/** A client of another make against both of our servers, over real sockets. */
describe('kafkajs', { timeout: 60_000 }, () => {
  let servers: Servers;
  let kafka: Kafka;
  let admin: Admin;

  before(async () => {
    servers = await start({
      zookeeper: { port: 0 },
      kafka: { port: 0, config: { 'offsets.topic.num.partitions': '2' } },
      storage: 'memory',
      logLevel: 'error',
    });
    kafka = new Kafka({
      clientId: 'test',
      brokers: [servers.bootstrapServers],
      logLevel: logLevel.NOTHING,
    });
    admin = kafka.admin();
    await admin.connect();
  });

  after(async () => {
    await admin?.disconnect();
    await servers?.close();
  });

  it('creates a topic that metadata then shows, and refuses it a second time', async () => {
    const topic = { topic: 'created', numPartitions: 3, replicationFactor: 1 };

    assert.equal(await admin.createTopics({ topics: [topic], waitForLeaders: true }), true);

    const { topics } = await admin.fetchTopicMetadata({ topics: ['created'] });
    const partitions = topics[0]?.partitions.map(({ partitionId, leader, isr }) => ({
      partitionId,
      leader,
      isr,
    }));
    assert.deepEqual(
      partitions?.sort((a, b) => a.partitionId - b.partitionId),
      [0, 1, 2].map((partitionId) => ({ partitionId, leader: 0, isr: [0] })),
    );
    assert.equal(await admin.createTopics({ topics: [topic] }), false, 'it exists');
  });

  const producers = [
    { name: 'uncompressed', compression: CompressionTypes.None, idempotent: false },
    { name: 'gzip', compression: CompressionTypes.GZIP, idempotent: false },
    { name: 'idempotent', compression: CompressionTypes.None, idempotent: true },
  ];
  for (const { name, compression, idempotent } of producers) {
    it(`consumes what a producer sent, ${name}, byte for byte and in order`, async () => {
      const topic = `produced-${name}`;
      await createTopic(topic);
      const sent = Array.from({ length: 30 }, (_, index) => ({
        key: index % 3 === 0 ? null : Buffer.from(`key-${index}`),
        value: index % 7 === 6 ? null : Buffer.from(`value-${index}-${'x'.repeat(index * 10)}`),
        headers: { number: Buffer.from([index]) },
        timestamp: String(1_700_000_000_000 + index),
      }));
      const firstOffsets: unknown[] = [];

      await withProducer({ idempotent }, async (send) => {
        for (let from = 0; from < sent.length; from += 10) {
          const [result] = await send({
            topic,
            acks: -1,
            compression,
            messages: sent.slice(from, from + 10),
          });
          firstOffsets.push(result?.baseOffset);
        }
      });

      assert.deepEqual(firstOffsets, ['0', '10', '20']);
      const received = await consume({ topic, groupId: `group-${name}`, count: sent.length });
      assert.deepEqual(
        received.map(({ key, value, headers, timestamp, offset }) => ({
          key,
          value,
          headers: { ...headers },
          timestamp,
          offset,
        })),
        sent.map((message, index) => ({ ...message, offset: String(index) })),
      );
    });
  }

  it('lets a group go on where its last member committed', async () => {
    await createTopic('resumed');
    await produce('resumed', ['a', 'b', 'c']);
    const first = await consume({ topic: 'resumed', groupId: 'resuming', count: 3 });
    assert.deepEqual(values(first), ['a', 'b', 'c']);
    assert.deepEqual(await committed('resuming', 'resumed'), [{ partition: 0, offset: '3' }]);

    await produce('resumed', ['d', 'e']);
    const second = await consume({ topic: 'resumed', groupId: 'resuming', count: 2 });

    assert.deepEqual(values(second), ['d', 'e'], 'nothing twice, nothing left out');
    assert.deepEqual(await committed('resuming', 'resumed'), [{ partition: 0, offset: '5' }]);
  });

  it('deletes a group with what it committed', async () => {
    await createTopic('forgotten');
    await produce('forgotten', ['a']);
    await consume({ topic: 'forgotten', groupId: 'forgetting', count: 1 });
    assert.deepEqual(await committed('forgetting', 'forgotten'), [{ partition: 0, offset: '1' }]);

    const deleted = await admin.deleteGroups(['forgetting']);

    assert.deepEqual(
      deleted.map(({ groupId, errorCode }) => ({ groupId, errorCode })),
      [{ groupId: 'forgetting', errorCode: 0 }],
    );
    assert.deepEqual(await committed('forgetting', 'forgotten'), [{ partition: 0, offset: '-1' }]);
  });

  it('starts a log after the records that were deleted', async () => {
    await createTopic('trimmed');
    await produce('trimmed', ['a', 'b', 'c', 'd']);
    assert.deepEqual(await admin.fetchTopicOffsets('trimmed'), [
      { partition: 0, offset: '4', high: '4', low: '0' },
    ]);

    await admin.deleteTopicRecords({ topic: 'trimmed', partitions: [{ partition: 0, offset: '3' }] });

    assert.deepEqual(await admin.fetchTopicOffsets('trimmed'), [
      { partition: 0, offset: '4', high: '4', low: '3' },
    ]);
    const left = await consume({ topic: 'trimmed', groupId: 'after-trim', count: 1 });
    assert.deepEqual(
      left.map(({ offset, value }) => [offset, String(value)]),
      [['3', 'd']],
    );
  });

  it('deletes a topic; one of the same name starts empty', async () => {
    await createTopic('reborn');
    await produce('reborn', ['old']);

    await admin.deleteTopics({ topics: ['reborn'] });

    assert.equal((await admin.listTopics()).includes('reborn'), false);
    // The name is free only when the controller has done with the old topic, which nothing tells a client.
    const topics = [{ topic: 'reborn', numPartitions: 1, replicationFactor: 1 }];
    const giveUpMs = Date.now() + GIVE_UP_MS;
    while (!(await admin.createTopics({ topics, waitForLeaders: true }))) {
      assert.ok(Date.now() < giveUpMs, 'the name of a deleted topic never becomes free');
    }
    assert.deepEqual(await admin.fetchTopicOffsets('reborn'), [
      { partition: 0, offset: '0', high: '0', low: '0' },
    ]);
    await produce('reborn', ['new']);
    assert.deepEqual(values(await consume({ topic: 'reborn', groupId: 'reborn', count: 1 })), ['new']);
  });

  async function createTopic(topic: string): Promise<void> {
    const topics = [{ topic, numPartitions: 1, replicationFactor: 1 }];
    assert.equal(await admin.createTopics({ topics, waitForLeaders: true }), true);
  }

  async function withProducer(
    options: { idempotent: boolean },
    use: (send: ReturnType<Kafka['producer']>['send']) => Promise<void>,
  ): Promise<void> {
    const producer = kafka.producer({ ...options, createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    try {
      await use((record) => producer.send(record));
    } finally {
      await producer.disconnect();
    }
  }

  async function produce(topic: string, texts: readonly string[]): Promise<void> {
    await withProducer({ idempotent: false }, async (send) => {
      await send({ topic, acks: -1, messages: texts.map((value) => ({ value })) });
    });
  }

  async function committed(groupId: string, topic: string) {
    const [entry] = await admin.fetchOffsets({ groupId, topics: [topic] });
    return entry?.partitions.map(({ partition, offset }) => ({ partition, offset }));
  }

  /** Joins the group and reads until `count` records have come; commits them and leaves. */
  async function consume(from: { topic: string; groupId: string; count: number }): Promise<KafkaMessage[]> {
    const consumer = kafka.consumer({ groupId: from.groupId, maxWaitTimeInMs: 100 });
    const received: KafkaMessage[] = [];
    let giveUp: NodeJS.Timeout | undefined;
    await consumer.connect();
    try {
      await consumer.subscribe({ topic: from.topic, fromBeginning: true });
      await new Promise<void>((resolve, reject) => {
        giveUp = setTimeout(
          () => reject(new Error(`${received.length} of ${from.count} records came`)),
          GIVE_UP_MS,
        );
        const eachBatch = async ({ batch, resolveOffset, commitOffsetsIfNecessary }: EachBatchPayload) => {
          received.push(...batch.messages);
          resolveOffset(batch.lastOffset());
          await commitOffsetsIfNecessary();
          if (received.length >= from.count) resolve();
        };
        consumer.run({ eachBatch }).catch(reject);
      });
      // Stopping waits for the batch under way, and commits what it resolved.
      await consumer.stop();
    } finally {
      clearTimeout(giveUp);
      await consumer.disconnect();
    }
    return received;
  }
});

function values(messages: readonly KafkaMessage[]): string[] {
  return messages.map(({ value }) => String(value));
}
