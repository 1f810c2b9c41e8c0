// The same consumer made of each client: takes the value of every record until it is closed, by the function returned.
import { pathToFileURL } from 'node:url';

const GROUP = () => `bench-${process.pid}-${Date.now()}`;

export async function kafkajs(bootstrap, topic, take) {
  const { Kafka, logLevel } = (await import('kafkajs')).default;
  const kafka = new Kafka({ brokers: bootstrap.split(','), logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: GROUP() });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ eachMessage: async ({ message }) => take(message.value) });
  return () => consumer.disconnect();
}

export async function platformatic(bootstrap, topic, take) {
  const { Consumer } = await import('@platformatic/kafka');
  const consumer = new Consumer({
    clientId: 'bench',
    groupId: GROUP(),
    bootstrapBrokers: bootstrap.split(','),
  });
  const stream = await consumer.consume({
    topics: [topic],
    mode: 'earliest',
    autocommit: true,
    maxWaitTime: 500,
  });
  (async () => {
    for await (const message of stream) take(message.value);
  })();
  return () => consumer.close(true);
}

export async function streamkeeper(bootstrap, topic, take, path) {
  const { createConsumer } = await import(pathToFileURL(path).href);
  const consumer = createConsumer({
    bootstrapServers: bootstrap,
    groupId: GROUP(),
    autoOffsetReset: 'earliest',
  });
  consumer.subscribe(topic);
  (async () => {
    for await (const record of consumer) take(record.value);
  })();
  return () => consumer.close();
}
