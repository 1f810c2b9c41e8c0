// @platformatic/kafka: topics, every codec, a group with a rebalance, offsets, deletion.
// usage: platformatic.mjs BOOTSTRAP RECORDS_PER_CODEC
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka';
import { until } from './until.mjs';

const [bootstrap, count] = process.argv.slice(2);
const perCodec = Number(count);
const base = { clientId: 'compat', bootstrapBrokers: bootstrap.split(',') };
const topic = `platformatic-${randomUUID().slice(0, 8)}`;
const groupId = `${topic}-group`;
const admin = new Admin(base);
await admin.createTopics({ topics: [topic], partitions: 6, replicas: 1 });

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const expected = new Map();
for (const compression of codecs) {
  const producer = new Producer({
    ...base,
    serializers: stringSerializers,
    compression,
    idempotent: compression === 'lz4',
  });
  const messages = [];
  for (let i = 0; i < perCodec; i += 1) {
    const [key, value] = [`${compression}-${i}`, `codec ${compression} value ${i} ${'x'.repeat(i % 300)}`];
    expected.set(key, value);
    messages.push({ topic, key, value, headers: { codec: compression } });
  }
  await producer.send({ messages, acks: -1 });
  await producer.close();
}

const seen = new Map();
async function member() {
  const consumer = new Consumer({
    ...base,
    groupId,
    deserializers: stringDeserializers,
    sessionTimeout: 10000,
    heartbeatInterval: 500,
    maxWaitTime: 200,
  });
  const stream = await consumer.consume({
    topics: [topic],
    mode: 'committed',
    fallbackMode: 'earliest',
    autocommit: true,
  });
  stream.on('data', (message) => seen.set(message.key, message.value));
  return {
    consumer,
    stream,
    owned: () => consumer.assignments?.find((a) => a.topic === topic)?.partitions.length ?? 0,
  };
}
const first = await member();
await until('the first member owns all partitions', 30, () => first.owned() === 6);
const second = await member();
await until('partitions are shared', 40, () => first.owned() === 3 && second.owned() === 3);
await until('all records seen', 60, () => seen.size === expected.size);
assert.deepEqual(new Map([...seen].sort()), new Map([...expected].sort()));
await second.stream.close();
await second.consumer.close(true);
await until('the first member owns all partitions again', 40, () => first.owned() === 6);
await first.stream.close();
await first.consumer.close(true);
const groups = await admin.listGroups();
assert.ok(groups.has(groupId), `${groupId} is not listed`);
await admin.deleteGroups({ groups: [groupId] });
await admin.deleteTopics({ topics: [topic] });
await until('the topic is gone', 20, async () => !(await admin.listTopics()).includes(topic));
await admin.close();
console.log(`${expected.size} records in ${codecs.length} codecs, rebalance 6 -> 3+3 -> 6`);
