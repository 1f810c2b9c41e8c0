import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Admin } from '../../../src/clients/kafka/admin/admin.ts';
import { isKafkaError } from '../../../src/clients/kafka/kafka-error.ts';
import { Producer } from '../../../src/clients/kafka/producer/producer.ts';
import type { ProducerOptions } from '../../../src/clients/kafka/producer/producer-options.ts';
import { createNodeEnv } from '../../../src/env/node/create-node-env.ts';
import { ApacheKraft } from '../../../tools/peers/apache-kraft.ts';
import { startApache } from '../../../tools/peers/targets.ts';
import { type Toolbox, versions } from '../../../tools/peers/toolbox.ts';
import { until } from '../../../tools/until.ts';
import { Workspace } from '../../../tools/workspace.ts';
import type { Context, Scenario } from '../scenario.ts';
import { ourProducerKillsScenario } from './our-producer-kills.ts';

/** A cluster, and the Java tools that go with it. */
interface Peer {
  readonly toolbox: Toolbox;
  readonly bootstrap: string;
  readonly classPath: string;
}

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
const TIMESTAMP = 1_700_000_000_000;
const env = createNodeEnv({ logLevel: 'silent' });

function producerOf(peer: Peer, options: Omit<ProducerOptions, 'bootstrapServers'> = {}): Producer {
  return new Producer(env, { bootstrapServers: peer.bootstrap, ...options });
}

async function newTopic({ bootstrap }: Peer, partitions: number): Promise<string> {
  await using admin = new Admin(env, { bootstrapServers: bootstrap });
  const name = `our-producer-${randomUUID().slice(0, 8)}`;
  await admin.createTopics([{ name, partitions, replicationFactor: 1 }]);
  return name;
}

/** What Java's console consumer prints of a topic, one line a record, in the order of offsets. */
async function readByJava(
  { toolbox, bootstrap, classPath }: Peer,
  topic: string,
  count: number,
): Promise<string[]> {
  const shown = ['timestamp', 'partition', 'offset', 'headers', 'key'].flatMap((part) => [
    '--property',
    `print.${part}=true`,
  ]);
  const { stdout } = await toolbox.java(classPath, 'org.apache.kafka.tools.consumer.ConsoleConsumer', [
    ...['--bootstrap-server', bootstrap, '--topic', topic, '--from-beginning'],
    ...['--max-messages', `${count}`, '--timeout-ms', '20000', '--isolation-level', 'read_committed'],
    ...shown,
  ]);
  return stdout.split('\n').filter((line) => line.includes('Offset:'));
}

/** Headers, timestamps, keys and nulls in every codec, as Java reads them. */
async function exchange(peer: Peer, perCodec: number): Promise<string> {
  const topic = await newTopic(peer, 1);
  const expected: string[] = [];
  for (const compression of CODECS) {
    await using producer = producerOf(peer, { compression });
    const records = Array.from({ length: perCodec }, (_, i) => ({
      topic,
      key: i % 3 === 0 ? null : `key-${i}`,
      value: i % 10 === 9 ? null : `${compression} ${i} ${'x'.repeat(i % 300)}`,
      headers: [
        { key: 'codec', value: compression },
        { key: 'codec', value: 'twice' },
        { key: 'none', value: null },
      ],
      timestamp: TIMESTAMP + i,
    }));
    for (const { key, value, timestamp } of records) {
      expected.push(
        `CreateTime:${timestamp}\tPartition:0\tOffset:${expected.length}` +
          `\tcodec:${compression},codec:twice,none:null\t${key}\t${value}`,
      );
    }
    const sent = await producer.sendMany(records);
    assert.equal(sent.at(-1)?.offset, expected.length - 1);
  }
  assert.deepEqual(await readByJava(peer, topic, expected.length), expected);
  return `${expected.length} records in ${CODECS.length} codecs read by Java`;
}

/** Transactions that commit, abort and carry offsets, and producers that fence each other. */
async function transactions(peer: Peer): Promise<string> {
  const topic = await newTopic(peer, 3);
  const transactionalId = `${topic}-id`;
  const groupId = `${topic}-group`;
  const producer = producerOf(peer, { transactionalId });
  const send = (from: Producer, value: string) =>
    Promise.all([0, 1, 2].map((partition) => from.send({ topic, partition, value })));
  await assert.rejects(producer.send({ topic, value: 'too early' }), (error) =>
    isKafkaError(error, 'INVALID_STATE'),
  );
  await producer.initTransactions();
  for (let round = 0; round < 20; round++) {
    const isCommit = round % 2 === 0;
    producer.beginTransaction();
    await send(producer, `${isCommit ? 'committed' : 'aborted'} ${round}`);
    await producer.sendOffsetsToTransaction([{ topic, partition: 0, offset: round }], { groupId });
    await (isCommit ? producer.commitTransaction() : producer.abortTransaction());
  }
  // Nothing in it: there is nothing for the coordinator to end.
  producer.beginTransaction();
  await producer.commitTransaction();
  await assert.rejects(
    producer.transaction(async () => {
      await send(producer, 'aborted by a throw');
      throw new Error('thrown');
    }),
    /thrown/,
  );
  const next = producerOf(peer, { transactionalId });
  await next.initTransactions();
  producer.beginTransaction();
  const late = producer.send({ topic, partition: 0, value: 'fenced' });
  await assert.rejects(late);
  await assert.rejects(producer.commitTransaction(), (error) => !isKafkaError(error, 'TIMED_OUT'));
  await producer.close();
  await next.transaction(() => send(next, 'committed by the next'));
  await next.close();

  const lines = await readByJava(peer, topic, 33);
  const values = lines.map((line) => line.split('\t').at(-1) ?? '').sort();
  const expected = Array.from({ length: 10 }, (_, i) => `committed ${2 * i}`).concat('committed by the next');
  assert.deepEqual(values, expected.flatMap((value) => [value, value, value]).sort());
  await using admin = new Admin(env, { bootstrapServers: peer.bootstrap });
  const offsets = (await admin.listConsumerGroupOffsets([groupId])).get(groupId);
  assert.equal(offsets?.get(`${topic}-0`)?.offset, 18);
  return '22 transactions committed and aborted, offsets with them, a producer fenced';
}

/** Gets its records through to a broker that throttles it. */
async function throttled(peer: Peer): Promise<string> {
  const topic = await newTopic(peer, 1);
  const clientId = `${topic}-client`;
  await using admin = new Admin(env, { bootstrapServers: peer.bootstrap });
  const entity = { 'client-id': clientId };
  await admin.alterClientQuotas([{ entity, quotas: { producer_byte_rate: 20_000 } }]);
  const components = [{ entityType: 'client-id', name: clientId }];
  await until('the broker knows of the quota', async () => {
    return (await admin.describeClientQuotas({ components })).length > 0;
  });
  await using producer = producerOf(peer, { clientId, batchBytes: 5000 });
  const startMs = performance.now();
  await producer.sendMany(Array.from({ length: 300 }, () => ({ topic, value: 'x'.repeat(1000) })));
  const tookMs = performance.now() - startMs;
  assert.ok(tookMs > 1000, `300 KB took ${tookMs} ms at 20 KB/s`);
  return 'throttled by a quota';
}

async function withApache(context: Context, work: (peer: Peer) => Promise<string>): Promise<string> {
  const { toolbox } = context;
  const workspace = new Workspace();
  const server = await startApache(toolbox, workspace);
  try {
    return await work({ toolbox, bootstrap: server.bootstrap, classPath: await toolbox.apache() });
  } finally {
    await server.stop('SIGKILL');
    workspace.remove();
  }
}

async function withKraft(context: Context, work: (peer: Peer) => Promise<string>): Promise<string> {
  const { toolbox } = context;
  const workspace = new Workspace();
  const server = await ApacheKraft.start(toolbox, workspace);
  try {
    return await work({ toolbox, bootstrap: server.bootstrap, classPath: await toolbox.newKafka() });
  } finally {
    await server.stop('SIGKILL');
    workspace.remove();
  }
}

const perCodec = ({ quick }: Context) => (quick ? 100 : 2000);

async function everything(context: Context, peer: Peer): Promise<string> {
  const seen = [await exchange(peer, perCodec(context)), await transactions(peer), await throttled(peer)];
  return seen.join('; ');
}

/** Our producer, on brokers of Apache's and ours; what it wrote is read by Java. */
export const ourProducerScenarios: readonly Scenario[] = [
  {
    name: 'our producer',
    shows: 'every codec with headers, timestamps and nulls, read by Java',
    async run(context) {
      const { toolbox } = context;
      const { bootstrap } = await context.shared();
      return exchange({ toolbox, bootstrap, classPath: await toolbox.apache() }, perCodec(context));
    },
  },
  {
    name: `our producer on Kafka ${versions.kafka}`,
    shows: 'the same, and transactions as they were before KIP-890',
    fullOnly: true,
    run: (context) => withApache(context, (peer) => everything(context, peer)),
  },
  {
    name: `our producer on Kafka ${versions.newKafka}`,
    shows: 'the same, and transactions of version 2',
    run: (context) => withKraft(context, (peer) => everything(context, peer)),
  },
  ourProducerKillsScenario,
];
