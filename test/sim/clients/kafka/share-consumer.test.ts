import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, it } from 'node:test';
import { Consumer } from '../../../../src/clients/kafka/consumer/consumer.ts';
import type { ConsumerRecord } from '../../../../src/clients/kafka/consumer/consumer-record.ts';
import { isKafkaError, KafkaError } from '../../../../src/clients/kafka/kafka-error.ts';
import { stringSerde } from '../../../../src/clients/kafka/serde.ts';
import { ShareConsumer } from '../../../../src/clients/kafka/share/share-consumer.ts';
import type {
  AcknowledgementResult,
  ShareConsumerOptions,
} from '../../../../src/clients/kafka/share/share-options.ts';
import { Simulation } from '../../../../src/env/sim/simulation.ts';
import { BrokerSimulation } from '../../../support/kafka/broker-simulation.ts';
import { ShareGroupModel } from '../../../support/kafka/share-group-model.ts';

type Options = Partial<ShareConsumerOptions<Buffer, string>>;

interface World {
  readonly sim: Simulation;
  readonly model: ShareGroupModel;
  /** A subscribed member on a host of its own. */
  member(options?: Options): ShareConsumer<Buffer, string>;
  /** What became of acknowledgements. */
  readonly results: AcknowledgementResult[];
}

async function tell(
  story: (world: World) => Promise<void>,
  { seed = 5, partitions = 1, share = { min: 1, max: 2 } } = {},
): Promise<void> {
  const sim = new Simulation({ seed });
  const host = sim.host('broker');
  const model = new ShareGroupModel(host.env, partitions, share);
  const results: AcknowledgementResult[] = [];
  const members: ShareConsumer<Buffer, string>[] = [];
  const member = (options: Options = {}) => {
    const consumer = new ShareConsumer<Buffer, string>(sim.host(`client-${members.length}`).env, {
      bootstrapServers: 'broker:9092',
      groupId: 'workers',
      valueDeserializer: stringSerde,
      onAcknowledged: (result) => results.push(result),
      ...options,
    });
    members.push(consumer);
    consumer.subscribe(model.topic);
    return consumer;
  };
  await sim.run(async () => {
    await model.start(host.env);
    await story({ sim, model, member, results });
    await Promise.all(members.map((each) => each.close()));
    assert.deepEqual(model.complaints, []);
  });
}

/** Polls until records come. */
async function take(consumer: ShareConsumer<Buffer, string>): Promise<ConsumerRecord<Buffer, string>[]> {
  for (;;) {
    const records = await consumer.poll();
    if (records.length > 0) return records;
  }
}

const offsetsOf = (records: readonly { offset: number }[]) => records.map(({ offset }) => offset);
const isInvalidState = (error: unknown) => isKafkaError(error, 'INVALID_STATE');

describe('a share consumer of mode implicit', () => {
  it('accepts what was handed out when it is asked for more', async () => {
    await tell(async ({ model, member, results }) => {
      model.append(0, 6);
      const consumer = member({ maxPollRecords: 4 });
      assert.deepEqual(offsetsOf(await take(consumer)), [0, 1, 2, 3]);
      assert.equal(model.count('accepted'), 0);
      assert.deepEqual(offsetsOf(await take(consumer)), [4, 5]);
      assert.equal(model.count('accepted'), 4);
      assert.deepEqual(results, [{ topic: 'jobs', partition: 0, offsets: [0, 1, 2, 3], error: undefined }]);
    });
  });

  it('commits what is in hand', async () => {
    await tell(async ({ model, member }) => {
      model.append(0, 3);
      const consumer = member();
      await take(consumer);
      const results = await consumer.commit();
      assert.deepEqual(results, [{ topic: 'jobs', partition: 0, offsets: [0, 1, 2], error: undefined }]);
      assert.equal(model.count('accepted'), 3);
      assert.deepEqual(await consumer.commit(), []);
    });
  });

  it('gives back what is in hand when it closes', async () => {
    await tell(async ({ model, member }) => {
      model.append(0, 3);
      const consumer = member();
      await take(consumer);
      await consumer.close();
      assert.equal(model.count('available'), 3);
      const other = member();
      const records = await take(other);
      assert.deepEqual(
        records.map(({ deliveryCount }) => deliveryCount),
        [2, 2, 2],
      );
    });
  });

  it('accepts one by one as it is iterated, without waiting for the end of a fetch', async () => {
    await tell(async ({ sim, model, member }) => {
      model.append(0, 8);
      for await (const record of member()) {
        if (record.offset !== 2) continue;
        await sim.advance(500);
        assert.equal(model.count('accepted'), 2, 'while the third is worked upon');
        break;
      }
    });
  });

  it('does not know acknowledge', async () => {
    await tell(async ({ model, member }) => {
      model.append(0, 1);
      const consumer = member();
      const [record] = await take(consumer);
      assert(record !== undefined);
      assert.throws(() => consumer.acknowledge(record), isInvalidState);
    });
  });
});

describe('a share consumer of mode explicit', () => {
  const explicit: Options = { acknowledgementMode: 'explicit' };

  it('wants every record acknowledged before it gives more', async () => {
    await tell(async ({ model, member }) => {
      model.append(0, 2);
      const consumer = member(explicit);
      const [first, second] = await take(consumer);
      assert(first !== undefined && second !== undefined);
      consumer.acknowledge(first);
      await assert.rejects(consumer.poll(), isInvalidState);
      consumer.acknowledge(second, 'reject');
      await consumer.commit();
      assert.deepEqual([model.count('accepted'), model.count('rejected')], [1, 1]);
      assert.throws(() => consumer.acknowledge(first), isInvalidState, 'it is not in hand any more');
    });
  });

  it('gets what it released again, and what it rejected never', async () => {
    await tell(async ({ model, member }) => {
      model.append(0, 3);
      const consumer = member(explicit);
      for (const record of await take(consumer)) {
        consumer.acknowledge(
          record,
          record.offset === 0 ? 'release' : record.offset === 1 ? 'reject' : 'accept',
        );
      }
      const again = await take(consumer);
      assert.deepEqual(
        again.map(({ offset, deliveryCount }) => [offset, deliveryCount]),
        [[0, 2]],
      );
      for (const record of again) consumer.acknowledge(record);
      assert.deepEqual(await consumer.poll(), []);
    });
  });

  it('keeps a record as long as it renews it', async () => {
    await tell(async ({ sim, model, member }) => {
      model.append(0, 1);
      const consumer = member({ ...explicit, acquireMode: 'record_limit', maxPollRecords: 1 });
      let [record] = await take(consumer);
      for (let round = 0; round < 4; round++) {
        assert(record !== undefined);
        await sim.advance(1500);
        consumer.acknowledge(record, 'renew');
        [record] = await take(consumer);
        assert.equal(record?.offset, 0);
      }
      assert(record !== undefined);
      consumer.acknowledge(record);
      const [result] = await consumer.commit();
      assert.equal(result?.error, undefined);
      assert.equal(model.records[0]?.[0]?.deliveries, 1);
    });
  });

  it('says that a broker before 4.2 cannot renew, and keeps everything else', async () => {
    await tell(
      async ({ model, member }) => {
        model.append(0, 2);
        const consumer = member(explicit);
        const [first, second] = await take(consumer);
        assert(first !== undefined && second !== undefined);
        consumer.acknowledge(first, 'renew');
        consumer.acknowledge(second);
        const results = await consumer.commit();
        assert.deepEqual(
          results.map(({ offsets, error }) => [offsets, error?.code]),
          [
            [[0], 'UNSUPPORTED'],
            [[1], undefined],
          ],
        );
        assert.equal(model.count('accepted'), 1);
      },
      { share: { min: 1, max: 1 } },
    );
  });

  it('is told when a lock has run out before it acknowledged', async () => {
    await tell(async ({ sim, model, member }) => {
      model.append(0, 1);
      const consumer = member(explicit);
      const [record] = await take(consumer);
      assert(record !== undefined);
      await sim.advance(2500);
      consumer.acknowledge(record);
      const [result] = await consumer.commit();
      assert.equal(result?.error?.code, 'INVALID_RECORD_STATE');
      const [again] = await take(consumer);
      assert.equal(again?.deliveryCount, 2);
      assert(again !== undefined);
      assert.throws(
        () => consumer.acknowledge(record),
        isInvalidState,
        'the delivery before this one is over',
      );
      consumer.acknowledge(again);
    });
  });

  it('is told when its session was lost before it acknowledged', async () => {
    await tell(async ({ model, member }) => {
      model.append(0, 1);
      const consumer = member(explicit);
      const [record] = await take(consumer);
      assert(record !== undefined);
      consumer.acknowledge(record);
      model.broker.fault = (api) => (api.startsWith('ShareAcknowledge') ? 'before' : 'none');
      const [result] = await consumer.commit();
      assert.equal(result?.error?.code, 'DISCONNECTED');
      assert.equal((await take(consumer))[0]?.deliveryCount, 2);
    });
  });
});

describe('a share consumer', () => {
  it('releases a record that does not parse, and says so once', async () => {
    await tell(async ({ model, member }) => {
      model.append(0, 2);
      let refusals = 1;
      const consumer = member({
        valueDeserializer: {
          deserialize(bytes) {
            if (refusals-- > 0) throw new Error('not today');
            return bytes.toString();
          },
        },
      });
      await assert.rejects(take(consumer), (error) => isKafkaError(error, 'SERIALIZATION'));
      assert.deepEqual(offsetsOf(await take(consumer)), [1]);
      assert.deepEqual(offsetsOf(await take(consumer)), [0]);
    });
  });

  it('rejects what it was told to skip', async () => {
    await tell(async ({ model, member }) => {
      model.append(0, 3);
      const consumer = member({
        onUnparsable: ({ offset }) => (offset === 0 ? 'skip' : 'raw'),
        valueDeserializer: {
          deserialize() {
            throw new Error('never');
          },
        },
      });
      const records = await take(consumer);
      assert.deepEqual(
        records.map(({ offset, value, unparsed }) => [offset, value, unparsed?.value?.toString()]),
        [
          [1, null, '0:1'],
          [2, null, '0:2'],
        ],
      );
      await consumer.commit();
      assert.equal(model.count('rejected'), 1);
    });
  });

  it('rejoins when the coordinator has forgotten it', async () => {
    await tell(async ({ model, member }) => {
      model.append(0, 1);
      const consumer = member();
      await take(consumer);
      model.forgetMembers();
      await consumer.poll({ timeoutMs: 3000 });
      model.append(0, 1);
      assert.deepEqual(offsetsOf(await take(consumer)), [1]);
    });
  });

  it('leaves when nobody polls, and comes back with the next poll', async () => {
    await tell(async ({ sim, model, member }) => {
      model.append(0, 1);
      const consumer = member({ maxPollIntervalMs: 4000 });
      await take(consumer);
      await sim.advance(6000);
      model.append(0, 1);
      assert.deepEqual(offsetsOf(await take(consumer)), [0, 1], 'the lock of the first had run out');
    });
  });

  it('ends a poll by its signal', async () => {
    await tell(async ({ sim, member }) => {
      const consumer = member();
      const controller = new AbortController();
      const polled = consumer.poll({ timeoutMs: 60_000, signal: controller.signal });
      const rejected = assert.rejects(polled, { message: 'enough' });
      await sim.advance(1000);
      controller.abort(new Error('enough'));
      await rejected;
    });
  });

  it('ends a poll when it is closed', async () => {
    await tell(async ({ sim, member }) => {
      const consumer = member();
      const rejected = assert.rejects(consumer.poll({ timeoutMs: 60_000 }), (error) =>
        isKafkaError(error, 'CLOSED'),
      );
      await sim.advance(1000);
      await consumer.close();
      await rejected;
      await assert.rejects(consumer.poll(), (error) => isKafkaError(error, 'CLOSED'));
    });
  });

  it('refuses what cannot be', async () => {
    await tell(async ({ member }) => {
      assert.throws(
        () => member({ groupId: '' }),
        (error) => isKafkaError(error, 'INVALID_ARGUMENT'),
      );
      const consumer = member();
      assert.throws(
        () => consumer.subscribe([]),
        (error) => isKafkaError(error, 'INVALID_ARGUMENT'),
      );
      await consumer.unsubscribe();
      await assert.rejects(consumer.poll(), isInvalidState);
    });
  });
});

describe('what a share consumer tells diagnostics channels', () => {
  it('is what it acquires, and what becomes of acknowledgements', async () => {
    const told: unknown[] = [];
    const listener = (message: unknown) => {
      told.push((message as { attributes: Record<string, unknown> }).attributes);
    };
    const channels = ['streamkeeper:kafka:share:receive', 'streamkeeper:kafka:share:acknowledge'];
    for (const name of channels) subscribe(name, listener);
    try {
      await tell(async ({ model, member }) => {
        model.append(0, 2);
        const consumer = member({ clientId: 'c' });
        await take(consumer);
        await consumer.commit();
      });
    } finally {
      for (const name of channels) unsubscribe(name, listener);
    }
    const common = {
      'messaging.system': 'kafka',
      'messaging.client.id': 'c',
      'messaging.consumer.group.name': 'workers',
      'messaging.destination.name': 'jobs',
      'messaging.destination.partition.id': '0',
      'messaging.batch.message_count': 2,
    };
    assert.deepEqual(told, [
      { ...common, 'messaging.operation.name': 'poll', 'messaging.operation.type': 'receive' },
      { ...common, 'messaging.operation.name': 'ack', 'messaging.operation.type': 'settle' },
    ]);
  });
});

describe('groups of the new protocols on our broker', () => {
  it('are refused with the remedy', async () => {
    const servers = new BrokerSimulation(11, {
      'offsets.topic.replication.factor': '1',
      'offsets.topic.num.partitions': '2',
    });
    const { sim } = servers;
    await sim.run(async () => {
      await servers.startZooKeeper();
      await servers.startBroker();
      const options = { bootstrapServers: 'broker:9092', groupId: 'g' };
      await using share = new ShareConsumer(sim.host('one').env, options);
      share.subscribe('jobs');
      await assert.rejects(share.poll({ timeoutMs: 20_000 }), (error) => isKafkaError(error, 'UNSUPPORTED'));
      await using consumer = new Consumer(sim.host('two').env, { ...options, groupProtocol: 'consumer' });
      consumer.subscribe('jobs');
      await assert.rejects(consumer.poll({ timeoutMs: 20_000 }), (error) => {
        return isKafkaError(error, 'UNSUPPORTED') && error.message.includes("groupProtocol: 'classic'");
      });
    });
  });
});

const SEEDS = 25;
const RECORDS = 60;

describe('share consumers on a broker that fails', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`deal with every record, and with none that they have accepted (seed ${seed})`, async () => {
      await tell((world) => storm(world), { seed, partitions: 3 });
    });
  }
});

/** Three members at work while connections go, members are forgotten and the broker crashes. */
async function storm({ sim, model, member, results }: World): Promise<void> {
  const { random } = sim;
  /** Records that were accepted, and how often they had been delivered then. */
  const accepted = new Map<string, number>();
  let calm = false;
  model.broker.fault = () => {
    if (calm || random.below(8) > 0) return 'none';
    return random.below(2) === 0 ? 'before' : 'after';
  };
  for (let partition = 0; partition < 3; partition++) model.append(partition, RECORDS / 3);
  const isDone = () => model.count('accepted') + model.count('rejected') === RECORDS;
  const work = async (consumer: ShareConsumer<Buffer, string>): Promise<void> => {
    while (!isDone()) {
      const records = await pollOnward(consumer);
      for (const record of records) {
        // What a broker that has crashed had lent out may be in hand still, while another has accepted it meanwhile.
        const last = accepted.get(`${record.partition}:${record.offset}`) ?? Number.POSITIVE_INFINITY;
        assert((record.deliveryCount ?? 0) < last, 'accepted, and delivered again');
        assert.equal(record.value, `${record.partition}:${record.offset}`);
        const draw = random.below(10);
        if (draw === 0) await sim.advance(700);
        consumer.acknowledge(
          record,
          draw < 7 ? 'accept' : draw < 8 ? 'reject' : draw < 9 ? 'renew' : 'release',
        );
      }
      for (const { partition, offsets, error } of results.splice(0)) {
        if (error !== undefined) continue;
        for (const offset of offsets) {
          const record = model.records[partition]?.[offset];
          if (record?.state === 'accepted') accepted.set(`${partition}:${offset}`, record.deliveries);
        }
      }
    }
  };
  const members = Array.from({ length: 3 }, (_, index) =>
    member({
      acknowledgementMode: 'explicit',
      maxPollRecords: 5,
      acquireMode: index === 0 ? 'record_limit' : 'batch_optimized',
    }),
  );
  const working = Promise.all(members.map(work));
  const host = sim.host('broker');
  for (let round = 0; round < 3; round++) {
    await sim.advance(1500 + random.below(1500));
    if (random.below(2) === 0) model.forgetMembers();
    else {
      host.crash();
      await sim.advance(random.below(800));
      await model.start(host.restart());
    }
  }
  calm = true;
  await working;
  assert(model.records.flat().every(({ deliveries }) => deliveries > 0));
}

/** What passes is tried again, as a program would. */
async function pollOnward(
  consumer: ShareConsumer<Buffer, string>,
): Promise<ConsumerRecord<Buffer, string>[]> {
  try {
    return await consumer.poll({ timeoutMs: 500 });
  } catch (error) {
    if (error instanceof KafkaError && error.retriable) return [];
    throw error;
  }
}
