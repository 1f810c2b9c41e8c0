import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type EachMessagePayload, Kafka, logLevel } from 'kafkajs';
import { createAdmin, createProducer } from '../../../src/clients/kafka/index.ts';
import { type Servers, start } from '../../../src/embedded/index.ts';

const TOPIC = 'numbers';
const PARTITIONS = 3;

/** Over real sockets, and read by a client of another make. */
describe('our producer', { timeout: 60_000 }, () => {
  let servers: Servers;

  before(async () => {
    servers = await start({
      zookeeper: { port: 0 },
      kafka: { port: 0, config: { 'offsets.topic.num.partitions': '2' } },
      storage: 'memory',
      logLevel: 'error',
    });
    await using admin = createAdmin({ bootstrapServers: servers.bootstrapServers });
    await admin.createTopics([{ name: TOPIC, partitions: PARTITIONS, replicationFactor: 1 }]);
  });

  after(() => servers?.close());

  it('writes what kafkajs reads, more than the buffer takes at a time', async () => {
    const { bootstrapServers } = servers;
    const count = 20_000;
    const bufferBytes = 200_000;
    {
      await using producer = createProducer({ bootstrapServers, bufferBytes, compression: 'gzip' });
      let acknowledged = 0;
      for (let i = 0; i < count; i++) {
        producer
          .send({ topic: TOPIC, partition: i % PARTITIONS, key: `${i}`, value: `value ${i}` })
          .then(() => acknowledged++);
        if (!producer.hasRoom) await producer.room();
        assert.ok(producer.metrics().bufferedBytes <= bufferBytes);
      }
      await producer.flush();
      assert.equal(acknowledged, count);
    }
    const kafka = new Kafka({ brokers: [bootstrapServers], logLevel: logLevel.NOTHING });
    const consumer = kafka.consumer({ groupId: 'readers' });
    await consumer.connect();
    await consumer.subscribe({ topics: [TOPIC], fromBeginning: true });
    const seen: number[][] = Array.from({ length: PARTITIONS }, () => []);
    await new Promise<void>((resolve) => {
      let left = count;
      const eachMessage = async ({ partition, message }: EachMessagePayload): Promise<void> => {
        assert.equal(String(message.value), `value ${message.key}`);
        seen[partition]?.push(Number(message.key));
        if (--left === 0) resolve();
      };
      consumer.run({ eachMessage }).catch(assert.ifError);
    });
    await consumer.disconnect();
    for (const [partition, numbers] of seen.entries()) {
      const expected = Array.from({ length: count }, (_, i) => i).filter((i) => i % PARTITIONS === partition);
      assert.deepEqual(numbers, expected);
    }
  });
});
