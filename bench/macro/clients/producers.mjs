// The same producer made of each client: send(topic, records) and close(). acks=all, no compression.
import { pathToFileURL } from 'node:url';

export async function kafkajs(bootstrap) {
  const { Kafka, Partitioners, logLevel } = (await import('kafkajs')).default;
  const kafka = new Kafka({ brokers: bootstrap.split(','), logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  return {
    send: (topic, messages) => producer.send({ topic, messages, acks: -1 }),
    close: () => producer.disconnect(),
  };
}

export async function platformatic(bootstrap) {
  const { Producer } = await import('@platformatic/kafka');
  const producer = new Producer({ clientId: 'bench', bootstrapBrokers: bootstrap.split(',') });
  return {
    send: (topic, records) =>
      producer.send({ messages: records.map(({ key, value }) => ({ topic, key, value })), acks: -1 }),
    close: () => producer.close(),
  };
}

export async function streamkeeper(bootstrap, path) {
  const { createProducer } = await import(pathToFileURL(path).href);
  const producer = createProducer({ bootstrapServers: bootstrap });
  return {
    send: (topic, records) =>
      records.length === 1
        ? producer.send({ topic, key: records[0].key, value: records[0].value })
        : producer.sendMany(records.map(({ key, value }) => ({ topic, key, value }))),
    close: () => producer.close(),
  };
}
