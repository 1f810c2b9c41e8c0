import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Consumer } from '../../../../src/clients/kafka/consumer/consumer.ts';
import type { OffsetReset } from '../../../../src/clients/kafka/consumer/consumer-options.ts';
import { isKafkaError } from '../../../../src/clients/kafka/kafka-error.ts';
import { Producer } from '../../../../src/clients/kafka/producer/producer.ts';
import { stringSerde } from '../../../../src/clients/kafka/serde.ts';
import { ClusterSimulation } from '../../../support/kafka/cluster-simulation.ts';

const TOPIC = 'ledger';
const SERVERS = { bootstrapServers: 'broker-1:9092,broker-2:9092,broker-3:9092' };

/**
 * A consumer has read 15 records, the last five of which only their leader had; the leader dies, and the other replica,
 * which has ten, is made the leader all the same and gets seven others.
 */
async function tell(
  autoOffsetReset: OffsetReset,
  story: (consumer: Consumer<Buffer, string>) => Promise<void>,
): Promise<void> {
  const servers = new ClusterSimulation(61, { 'unclean.leader.election.enable': 'true' });
  const { sim } = servers;
  await sim.run(async () => {
    await servers.start(3);
    await servers.createTopic(TOPIC, [[2, 3]]);
    const producer = new Producer<string, string>(sim.host('producer').env, SERVERS);
    const send = async (kind: string, count: number): Promise<void> => {
      for (let index = 0; index < count; index++) {
        await producer.send({ topic: TOPIC, partition: 0, value: `${kind} ${index}` });
      }
    };
    await send('kept', 10);
    servers.kill(3);
    await servers.until('alone', async () => (await servers.partitions(TOPIC, 1))[0]?.isr.join() === '2');
    await send('lost', 5);
    const consumer = new Consumer<Buffer, string>(sim.host('client').env, {
      ...SERVERS,
      valueDeserializer: stringSerde,
      autoOffsetReset,
    });
    consumer.assign([{ topic: TOPIC, partition: 0 }]);
    if (autoOffsetReset === 'none') consumer.seek({ topic: TOPIC, partition: 0 }, 0);
    const before = await take(consumer, 15);
    assert.equal(before.at(-1), 'lost 4');
    servers.kill(2);
    await servers.startBroker(3);
    await servers.until(
      'led by the other',
      async () => (await servers.partitions(TOPIC, 1))[0]?.leader === 3,
    );
    await send('new', 7);
    await story(consumer);
    await consumer.close();
    await producer.close();
    servers.end();
  });
}

async function take(consumer: Consumer<Buffer, string>, count: number): Promise<string[]> {
  const values: string[] = [];
  while (values.length < count) {
    for (const { value } of await consumer.poll({ timeoutMs: 60_000 })) values.push(value ?? '');
  }
  return values;
}

describe('a log that was cut off below the position of a consumer', () => {
  it('is read anew from where it was cut off', async () => {
    await tell('earliest', async (consumer) => {
      assert.deepEqual(
        await take(consumer, 7),
        Array.from({ length: 7 }, (_, index) => `new ${index}`),
      );
    });
  });

  it('is an error for who does not want to go on elsewhere, until it seeks', async () => {
    await tell('none', async (consumer) => {
      await assert.rejects(
        take(consumer, 1),
        (error) => isKafkaError(error, 'OFFSET_OUT_OF_RANGE') && /truncated to offset 10/.test(error.message),
      );
      consumer.seek({ topic: TOPIC, partition: 0 }, 12);
      assert.equal((await take(consumer, 1))[0], 'new 2');
    });
  });
});
