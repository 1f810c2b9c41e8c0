// Programs after the examples and the documentation of kafkajs: the same calls, made to end by themselves. Prints what
// was seen, which is the same in every run. usage: kafkajs-examples.mjs BOOTSTRAP MESSAGES [transactions]
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { until } from './until.mjs';

const { Kafka, CompressionTypes, Partitioners, logLevel } = kafkajs;
const [bootstrap, count, transactions] = process.argv.slice(2);
const messageCount = Number(count);
const prefix = `examples-${randomUUID().slice(0, 8)}`;

/** examples/prettyConsoleLogger.js, without the colours. */
const entries = [];
const PrettyLogger =
  () =>
  ({ namespace, level, label, log }) => {
    const { message, ...extra } = log;
    const isKnown = [logLevel.INFO, logLevel.ERROR, logLevel.WARN, logLevel.DEBUG].includes(level);
    entries.push({ line: `${namespace ? `[${namespace}] ` : ''}${message}`, label, isKnown, extra });
  };

const kafkaOf = (clientId, options = {}) =>
  new Kafka({
    clientId,
    brokers: bootstrap.split(','),
    logLevel: logLevel.INFO,
    logCreator: PrettyLogger,
    ...options,
  });

/** examples/admin.js */
async function adminExample() {
  const kafka = kafkaOf('test-admin-id');
  const topic = `${prefix}-topic`;
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic }], waitForLeaders: true });
  await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  await admin.disconnect();
  return { topic, partitions: topics[0].partitions.length };
}

/** examples/producer.js */
async function producerExample(topic) {
  const kafka = kafkaOf('example-producer');
  const producer = kafka.producer();
  const createMessage = (num) => ({
    key: `key-${num}`,
    value: `value-${num}-${new Date().toISOString()}`,
    headers: { 'correlation-id': `${num}-${Date.now()}` },
  });
  await producer.connect();
  let msgNumber = 0;
  let requestNumber = 0;
  while (msgNumber < messageCount) {
    const messages = Array.from({ length: Math.min(50, messageCount - msgNumber) }, (_, i) =>
      createMessage(msgNumber + i),
    );
    const requestId = requestNumber++;
    msgNumber += messages.length;
    kafka.logger().info(`Sending ${messages.length} messages #${requestId}...`);
    const response = await producer.send({ topic, compression: CompressionTypes.GZIP, messages });
    kafka.logger().info(`Messages sent #${requestId}`, { response, msgNumber });
    assert.ok(response.every(({ errorCode, topicName }) => errorCode === 0 && topicName === topic));
  }
  await producer.disconnect();
  return msgNumber;
}

/** examples/consumer.js */
async function consumerExample(topic) {
  const kafka = kafkaOf('example-consumer');
  const consumer = kafka.consumer({ groupId: `${prefix}-group` });
  const seen = new Set();
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    // eachBatch: async ({ batch }) => { ... },
    eachMessage: async ({ topic: from, partition, message }) => {
      const headers = Object.fromEntries(
        Object.keys(message.headers).map((key) => [key, message.headers[key].toString()]),
      );
      kafka.logger().info('Message processed', { from, partition, offset: message.offset, headers });
      assert.match(headers['correlation-id'], /^\d+-\d+$/);
      assert.match(message.timestamp, /^\d+$/);
      seen.add(message.key.toString());
    },
  });
  await until('all messages processed', 60, () => seen.size === messageCount);
  await consumer.disconnect();
  return seen.size;
}

/** docs/Producing.md: sendBatch, a partitioner of one's own, acks. */
async function producingSnippets() {
  const kafka = kafkaOf('producing');
  const [one, two] = [`${prefix}-batch-one`, `${prefix}-batch-two`];
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [one, two].map((topic) => ({ topic, numPartitions: 2 })) });
  const MyPartitioner =
    () =>
    ({ partitionMetadata, message }) =>
      message.key === 'first' ? 0 : partitionMetadata.length - 1;
  const producer = kafka.producer({ createPartitioner: MyPartitioner, allowAutoTopicCreation: false });
  await producer.connect();
  const reports = await producer.sendBatch({
    topicMessages: [
      {
        topic: one,
        messages: [
          { key: 'first', value: 'hello world' },
          { key: 'other', value: 'hey hey!' },
        ],
      },
      { topic: two, messages: [{ key: 'other', value: 'hello world 2' }] },
    ],
  });
  await producer.send({
    topic: one,
    acks: 0,
    timeout: 1000,
    messages: [{ key: 'first', value: 'unacknowledged' }],
  });
  await until('the message that nobody acknowledged', 20, async () => {
    const offsets = await admin.fetchTopicOffsets(one);
    return offsets.find(({ partition }) => partition === 0).high === '2';
  });
  await producer.disconnect();
  await admin.disconnect();
  return reports
    .map(
      ({ topicName, partition, baseOffset }) =>
        `${topicName.slice(prefix.length)}/${partition}@${baseOffset}`,
    )
    .sort();
}

/** docs/Consuming.md: eachBatch with resolving, heartbeats and commits; pausing; a topic by pattern. */
async function consumingSnippets(topic) {
  const kafka = kafkaOf('consuming');
  const consumer = kafka.consumer({ groupId: `${prefix}-batches`, maxWaitTimeInMs: 200 });
  const seen = new Set();
  let pauses = 0;
  await consumer.connect();
  await consumer.subscribe({ topics: [new RegExp(`^${topic}$`)], fromBeginning: true });
  await consumer.run({
    eachBatchAutoResolve: true,
    partitionsConsumedConcurrently: 3,
    autoCommitInterval: 100,
    autoCommitThreshold: 20,
    eachBatch: async ({
      batch,
      resolveOffset,
      heartbeat,
      commitOffsetsIfNecessary,
      isRunning,
      isStale,
      pause,
    }) => {
      for (const message of batch.messages) {
        if (!isRunning() || isStale()) break;
        seen.add(`${batch.partition}/${message.offset}`);
        resolveOffset(message.offset);
        await commitOffsetsIfNecessary();
        await heartbeat();
      }
      if (pauses === 0) {
        pauses++;
        const resumeThisPartition = pause();
        setTimeout(resumeThisPartition, 100);
      }
    },
  });
  await until('all batches', 60, () => seen.size === messageCount);
  await consumer.disconnect();
  const admin = kafka.admin();
  await admin.connect();
  const [{ partitions }] = await admin.fetchOffsets({ groupId: `${prefix}-batches`, topics: [topic] });
  await admin.disconnect();
  return {
    seen: seen.size,
    committed: partitions.reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0),
    pauses,
  };
}

/** docs/InstrumentationEvents.md */
async function eventSnippets() {
  const kafka = kafkaOf('events');
  const consumer = kafka.consumer({ groupId: `${prefix}-events` });
  const { HEARTBEAT, CONNECT } = consumer.events;
  let connects = 0;
  const removeListener = consumer.on(CONNECT, ({ timestamp }) => {
    connects += timestamp > 0 ? 1 : 0;
  });
  consumer.on(HEARTBEAT, (e) => console.log(`heartbeat at ${e.timestamp}`));
  await consumer.connect();
  removeListener();
  await consumer.disconnect();
  await consumer.connect();
  await consumer.disconnect();
  return connects;
}

/** docs/Transactions.md: consume, transform, produce; and an abort that nobody sees. */
async function transactionSnippets() {
  const kafka = kafkaOf('transactions');
  const [from, to] = [`${prefix}-from`, `${prefix}-to`];
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: from }, { topic: to }] });
  const producer = kafka.producer({
    transactionalId: `${prefix}-id`,
    maxInFlightRequests: 1,
    idempotent: true,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  await producer.send({ topic: from, messages: [{ value: 'in' }] });
  const groupId = `${prefix}-transactions`;
  const committed = await producer.transaction();
  await committed.send({ topic: to, messages: [{ value: 'out' }] });
  await committed.sendOffsets({
    consumerGroupId: groupId,
    topics: [{ topic: from, partitions: [{ partition: 0, offset: '1' }] }],
  });
  await committed.commit();
  const aborted = await producer.transaction();
  await aborted.send({ topic: to, messages: [{ value: 'never' }] });
  await aborted.abort();
  await assert.rejects(aborted.send({ topic: to, messages: [{ value: 'late' }] }), {
    name: 'KafkaJSNonRetriableError',
  });
  const last = await producer.transaction();
  await last.sendBatch({ topicMessages: [{ topic: to, messages: [{ value: 'last' }] }] });
  await last.commit();
  await producer.disconnect();
  const seen = [];
  const consumer = kafka.consumer({ groupId: `${prefix}-reads`, maxWaitTimeInMs: 200 });
  await consumer.connect();
  await consumer.subscribe({ topics: [to], fromBeginning: true });
  await consumer.run({ eachMessage: async ({ message }) => seen.push(message.value.toString()) });
  await until('what was committed', 30, () => seen.includes('last'));
  await consumer.disconnect();
  const [{ partitions }] = await admin.fetchOffsets({ groupId, topics: [from] });
  await admin.disconnect();
  return { seen, offset: partitions[0].offset, active: aborted.isActive() };
}

const { topic, partitions } = await adminExample();
const result = {
  partitions,
  sent: await producerExample(topic),
  processed: await consumerExample(topic),
  producing: await producingSnippets(),
  consuming: await consumingSnippets(topic),
  connects: await eventSnippets(),
  ...(transactions === undefined ? {} : { transactions: await transactionSnippets() }),
  logged: entries.every(({ isKnown }) => isKnown) && entries.some(({ line }) => line === 'Message processed'),
};
console.log(JSON.stringify(result));
