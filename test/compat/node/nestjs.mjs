// A NestJS microservice and its client over Kafka's transport: requests with answers, an error, events, a batch of
// events, a context that commits. Prints what was seen, the same in every run. usage: nestjs.mjs BOOTSTRAP REQUESTS
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientKafka,
  Ctx,
  EventPattern,
  MessagePattern,
  Payload,
  RpcException,
  Transport,
} from '@nestjs/microservices';
import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { until } from './until.mjs';

const [bootstrap, count] = process.argv.slice(2);
const brokers = bootstrap.split(',');
const prefix = `nest-${randomUUID().slice(0, 8)}`;
const events = [];

/** Decorators by hand: this file is run as it is. */
class MathController {
  sum(numbers) {
    return numbers.reduce((total, each) => total + each, 0);
  }

  fail() {
    throw new RpcException('not today');
  }

  async happened(data, context) {
    events.push([data.name, context.getTopic().slice(prefix.length), typeof context.getPartition()]);
    const { offset } = context.getMessage();
    await context.getHeartbeat()();
    const partition = context.getPartition();
    await context
      .getConsumer()
      .commitOffsets([{ topic: context.getTopic(), partition, offset: String(Number(offset) + 1) }]);
  }
}

function decorate(method, decorator) {
  const { prototype } = MathController;
  decorator(prototype, method, Object.getOwnPropertyDescriptor(prototype, method));
}

Controller()(MathController);
decorate('sum', MessagePattern(`${prefix}.sum`));
decorate('fail', MessagePattern(`${prefix}.fail`));
decorate('happened', EventPattern(`${prefix}.happened`));
Payload()(MathController.prototype, 'happened', 0);
Ctx()(MathController.prototype, 'happened', 1);
class AppModule {}
Module({ controllers: [MathController] })(AppModule);

/** The topics are there before anybody subscribes to them, as in production. */
async function createTopics() {
  const { default: kafkajs } = await import('kafkajs');
  const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  const names = ['sum', 'sum.reply', 'fail', 'fail.reply', 'happened'].map((name) => `${prefix}.${name}`);
  await admin.createTopics({ topics: names.map((topic) => ({ topic, numPartitions: 3 })) });
  await admin.disconnect();
}

await createTopics();
const options = {
  client: { clientId: prefix, brokers },
  consumer: { groupId: prefix, maxWaitTimeInMs: 200 },
};
const app = await NestFactory.createMicroservice(AppModule, {
  transport: Transport.KAFKA,
  logger: ['error', 'fatal'],
  options: { ...options, subscribe: { fromBeginning: true } },
});
await app.listen();

const client = new ClientKafka(options);
client.subscribeToResponseOf(`${prefix}.sum`);
client.subscribeToResponseOf(`${prefix}.fail`);
await client.connect();

const sums = await Promise.all(
  Array.from({ length: Number(count) }, (_, i) =>
    firstValueFrom(client.send(`${prefix}.sum`, { key: `k${i}`, value: [i, 1] })),
  ),
);
assert.deepEqual(
  sums.map(Number),
  sums.map((_, i) => i + 1),
);
const answers = await lastValueFrom(client.send(`${prefix}.sum`, [1, 2, 3]).pipe(toArray()));
let failure;
await firstValueFrom(client.send(`${prefix}.fail`, {})).catch((error) => {
  failure = error.message ?? error;
});
await lastValueFrom(client.emit(`${prefix}.happened`, { key: 'a', value: { name: 'one' } }));
await lastValueFrom(
  client.emitBatch(`${prefix}.happened`, {
    messages: [{ value: { name: 'two' } }, { value: { name: 'three' } }],
  }),
);
await until('all events', 30, () => events.length >= 3);
const assigned = Object.keys(client.getConsumerAssignments())
  .map((topic) => topic.slice(prefix.length))
  .sort();
await client.close();
await app.close();
console.log(JSON.stringify({ sums: sums.length, answers, failure, events: events.sort(), assigned }));
process.exit(0);
