// kafkajs: topics, every codec, a group with a rebalance, offsets, deletion.
// usage: kafkajs.mjs BOOTSTRAP RECORDS_PER_CODEC
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import zlib from 'node:zlib';
import kafkajs from 'kafkajs';
import lz4 from 'lz4-napi';
import snappy from 'snappy';
import { until } from './until.mjs';

const { Kafka, CompressionTypes, CompressionCodecs, logLevel } = kafkajs;
const [bootstrap, count] = process.argv.slice(2);
const perCodec = Number(count);
CompressionCodecs[CompressionTypes.Snappy] = () => ({
  compress: (encoder) => snappy.compress(encoder.buffer),
  decompress: (buffer) => snappy.uncompress(buffer, { asBuffer: true }),
});
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: (encoder) => lz4.compressFrame(encoder.buffer),
  decompress: (buffer) => lz4.decompressFrame(buffer),
});
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async (encoder) => zlib.zstdCompressSync(encoder.buffer),
  decompress: async (buffer) => zlib.zstdDecompressSync(buffer),
});
const codecs = [
  CompressionTypes.None,
  CompressionTypes.GZIP,
  CompressionTypes.Snappy,
  CompressionTypes.LZ4,
  ...(zlib.zstdCompressSync === undefined ? [] : [CompressionTypes.ZSTD]),
];

const kafka = new Kafka({ clientId: 'compat', brokers: bootstrap.split(','), logLevel: logLevel.NOTHING });
const topic = `kafkajs-${randomUUID().slice(0, 8)}`;
const groupId = `${topic}-group`;
const admin = kafka.admin();
await admin.connect();
await admin.createTopics({
  waitForLeaders: true,
  topics: [{ topic, numPartitions: 4, configEntries: [{ name: 'retention.ms', value: '3600000' }] }],
});
await admin.createPartitions({ topicPartitions: [{ topic, count: 6 }] });
const configs = await admin.describeConfigs({ includeSynonyms: true, resources: [{ type: 2, name: topic }] });
assert.equal(
  configs.resources[0].configEntries.find((e) => e.configName === 'retention.ms').configValue,
  '3600000',
);

const expected = new Map();
for (const compression of codecs) {
  const producer = kafka.producer({ idempotent: compression === CompressionTypes.GZIP });
  await producer.connect();
  const messages = [];
  for (let i = 0; i < perCodec; i += 1) {
    const [key, value] = [`${compression}-${i}`, `codec ${compression} value ${i} ${'x'.repeat(i % 300)}`];
    expected.set(key, value);
    messages.push({ key, value, headers: { codec: String(compression) } });
  }
  await producer.send({ topic, compression, acks: -1, messages });
  await producer.disconnect();
}

const seen = new Map();
const owned = {};
async function member(name) {
  const consumer = kafka.consumer({
    groupId,
    sessionTimeout: 10000,
    heartbeatInterval: 500,
    maxWaitTimeInMs: 200,
  });
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    owned[name] = payload.memberAssignment[topic]?.length ?? 0;
  });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      assert.equal(String(message.headers.codec), String(message.key).split('-')[0]);
      seen.set(String(message.key), String(message.value));
    },
  });
  return consumer;
}
const first = await member('first');
await until('the first member owns all partitions', 30, () => owned.first === 6);
const second = await member('second');
await until('partitions are shared', 30, () => owned.first === 3 && owned.second === 3);
await until('all records seen', 60, () => seen.size === expected.size);
assert.deepEqual(new Map([...seen].sort()), new Map([...expected].sort()));
await second.disconnect();
await until('the first member owns all partitions again', 30, () => owned.first === 6);
const lag = async () => {
  const ends = await admin.fetchTopicOffsets(topic);
  const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] });
  return ends.reduce((sum, { partition, high }) => {
    const at = committed.partitions.find((p) => p.partition === partition).offset;
    return sum + Number(high) - Math.max(0, Number(at));
  }, 0);
};
await first.disconnect();
assert.equal(await lag(), 0);
const ends = await admin.fetchTopicOffsets(topic);
assert.equal(
  ends.reduce((sum, { high }) => sum + Number(high), 0),
  expected.size,
);
assert.ok((await admin.listGroups()).groups.some((g) => g.groupId === groupId));
assert.equal((await admin.describeGroups([groupId])).groups[0].state, 'Empty');
await admin.deleteGroups([groupId]);
await admin.deleteTopics({ topics: [topic] });
await until('the topic is gone', 20, async () => !(await admin.listTopics()).includes(topic));
await admin.disconnect();
console.log(
  `${expected.size} records in ${codecs.length} codecs, rebalance 6 -> 3+3 -> 6, offsets committed`,
);
