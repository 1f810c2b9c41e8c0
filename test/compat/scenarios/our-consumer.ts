import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Admin } from '../../../src/clients/kafka/admin/admin.ts';
import { Consumer } from '../../../src/clients/kafka/consumer/consumer.ts';
import type { ConsumerOptions } from '../../../src/clients/kafka/consumer/consumer-options.ts';
import { Producer } from '../../../src/clients/kafka/producer/producer.ts';
import { stringSerde } from '../../../src/clients/kafka/serde.ts';
import { createNodeEnv } from '../../../src/env/node/create-node-env.ts';
import { ApacheKraft } from '../../../tools/peers/apache-kraft.ts';
import { startApache } from '../../../tools/peers/targets.ts';
import { type Toolbox, versions } from '../../../tools/peers/toolbox.ts';
import { until } from '../../../tools/until.ts';
import { Workspace } from '../../../tools/workspace.ts';
import type { Context, Scenario } from '../scenario.ts';

/** A cluster, and the Java clients that go with it. */
interface Peer {
  readonly toolbox: Toolbox;
  readonly workspace: Workspace;
  readonly bootstrap: string;
  /** Of Apache's tools. */
  readonly classPath: string;
  readonly consoleProducer: string;
}

type Options = Partial<ConsumerOptions<string, string>>;

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
/** It was Scala's up to 3.9. */
const CONSOLE_PRODUCER = {
  old: 'kafka.tools.ConsoleProducer',
  new: 'org.apache.kafka.tools.ConsoleProducer',
};
const env = createNodeEnv({ logLevel: 'silent' });

function consumerOf({ bootstrap }: Peer, options: Options = {}): Consumer<string, string> {
  return new Consumer<string, string>(env, {
    bootstrapServers: bootstrap,
    keyDeserializer: stringSerde,
    valueDeserializer: stringSerde,
    autoOffsetReset: 'earliest',
    heartbeatIntervalMs: 500,
    sessionTimeoutMs: 10_000,
    autoCommitIntervalMs: 500,
    ...options,
  });
}

async function newTopic({ bootstrap }: Peer, partitions: number): Promise<string> {
  await using admin = new Admin(env, { bootstrapServers: bootstrap });
  const name = `our-consumer-${randomUUID().slice(0, 8)}`;
  await admin.createTopics([{ name, partitions, replicationFactor: 1 }]);
  return name;
}

/** Values by partition, until so many have come. */
async function read(consumer: Consumer<string, string>, count: number): Promise<string[]> {
  const values: string[] = [];
  while (values.length < count) {
    const records = await consumer.poll({ timeoutMs: 30_000 });
    assert.ok(records.length > 0, `${values.length} of ${count} records came`);
    values.push(...records.map(({ value }) => value ?? ''));
  }
  return values;
}

/** What Java's console producer has written, in every codec, with headers and keys. */
async function exchange(peer: Peer, perCodec: number): Promise<string> {
  const topic = await newTopic(peer, 1);
  const expected: unknown[] = [];
  for (const codec of CODECS) {
    const lines = Array.from({ length: perCodec }, (_, i) => {
      const value = `${codec} ${i} ${'x'.repeat(i % 300)}`;
      expected.push({
        offset: expected.length,
        key: `key-${i}`,
        value,
        headers: [
          ['codec', codec],
          ['codec', 'twice'],
        ],
      });
      return `codec:${codec},codec:twice\tkey-${i}\t${value}`;
    });
    await peer.toolbox.java(
      peer.classPath,
      peer.consoleProducer,
      [
        ...['--bootstrap-server', peer.bootstrap, '--topic', topic, '--compression-codec', codec],
        ...['--property', 'parse.key=true', '--property', 'parse.headers=true'],
      ],
      { input: `${lines.join('\n')}\n` },
    );
  }
  await using consumer = consumerOf(peer);
  consumer.assign([{ topic, partition: 0 }]);
  const got: unknown[] = [];
  for await (const { records } of consumer.batches()) {
    for (const { offset, key, value, headers } of records) {
      got.push({ offset, key, value, headers: headers.map((one) => [one.key, String(one.value)]) });
    }
    if (got.length >= expected.length) break;
  }
  assert.deepEqual(got, expected);
  return `${got.length} records of Java's in ${CODECS.length} codecs read`;
}

/** Two members of ours and one of Java's, whoever leads: all records are read, and none twice. */
async function mixedGroup(
  peer: Peer,
  assignor: 'range' | 'cooperative-sticky',
  leader: string,
): Promise<void> {
  const topic = await newTopic(peer, 6);
  const groupId = `${topic}-group`;
  const { toolbox, workspace } = peer;
  const classes = await toolbox.compileJava('consumer-peer', peer.classPath, [
    'test/compat/java/ConsumerPeer.java',
  ]);
  const seen: string[] = [];
  const startOurs = (): Consumer<string, string> => {
    const consumer = consumerOf(peer, { groupId, partitionAssignors: [assignor] });
    consumer.subscribe(topic);
    (async () => {
      for await (const { value } of consumer) seen.push(value ?? '');
    })().catch((error: unknown) => seen.push(String(error)));
    return consumer;
  };
  const startJava = () =>
    toolbox.javaDaemon(classes, 'ConsumerPeer', {
      args: [
        ...['member', peer.bootstrap, groupId, topic],
        assignor === 'range' ? 'RangeAssignor' : 'CooperativeStickyAssignor',
      ],
      logFile: join(workspace.path, `java-member-${randomUUID()}.log`),
    });
  const ours: Consumer<string, string>[] = [];
  if (leader === 'ours') {
    ours.push(startOurs());
    await until('all partitions of the first', () => ours[0]?.assignment().length === 6);
  }
  const java = startJava();
  try {
    await java.shows(/owns \[\d/, 60_000);
    while (ours.length < 2) ours.push(startOurs());
    await until('two partitions each', () => ours.every((one) => one.assignment().length === 2));
    await java.shows(/owns \[\d, \d\]\n/, 60_000);
    await using producer = new Producer(env, { bootstrapServers: peer.bootstrap });
    const values = Array.from({ length: 600 }, (_, i) => `value-${i}`);
    await producer.sendMany(values.map((value, i) => ({ topic, partition: i % 6, value })));
    await until('the share of ours', () => seen.length >= 400);
    for (const value of values)
      if (!seen.includes(value)) await java.shows(new RegExp(`read ${value}\n`), 30_000);
    await java.stop('SIGTERM');
    await until('three partitions each', () => ours.every((one) => one.assignment().length === 3));
    await producer.sendMany(values.map((value, i) => ({ topic, partition: i % 6, value: `late ${value}` })));
    await until('all of them', () => seen.length >= 1000);
    assert.equal(new Set(seen).size, 1000);
    assert.equal(seen.length, 1000);
  } finally {
    await java.stop('SIGKILL');
    await Promise.all(ours.map((one) => one.close()));
  }
}

async function mixedGroups(peer: Peer): Promise<string> {
  for (const assignor of ['range', 'cooperative-sticky'] as const) {
    for (const leader of ['ours', "Java's"]) await mixedGroup(peer, assignor, leader);
  }
  return "groups of Java's and our members, led by either, range and cooperative-sticky";
}

/** Java's transactions: what was aborted or is open is not read. */
async function readCommitted(peer: Peer): Promise<string> {
  const topic = await newTopic(peer, 3);
  const { toolbox, workspace } = peer;
  const classes = await toolbox.compileJava('consumer-peer', peer.classPath, [
    'test/compat/java/ConsumerPeer.java',
  ]);
  const java = toolbox.javaDaemon(classes, 'ConsumerPeer', {
    args: ['transactions', peer.bootstrap, topic, '20'],
    logFile: join(workspace.path, 'java-transactions.log'),
  });
  try {
    await java.shows(/one is open/, 60_000);
    const partitions = [0, 1, 2].map((partition) => ({ topic, partition }));
    const committed = Array.from({ length: 10 }, (_, i) =>
      Array.from({ length: 5 }, (_, n) => `committed ${2 * i} ${n}`),
    ).flat();
    await using strict = consumerOf(peer, { isolationLevel: 'read_committed' });
    strict.assign(partitions);
    const got = await read(strict, 3 * committed.length);
    assert.deepEqual(got.sort(), [...committed, ...committed, ...committed].sort());
    assert.deepEqual(await strict.poll({ timeoutMs: 1500 }), []);
    // The end of what may be read is before the open transaction; markers count.
    const ends = await strict.endOffsets(partitions);
    assert.deepEqual(
      ends.map(({ offset }) => offset),
      [120, 120, 120],
    );
    assert.equal(await strict.position({ topic, partition: 0 }), 120);
    await using lax = consumerOf(peer);
    lax.assign(partitions);
    const all = await read(lax, 3 * 105);
    assert.equal(all.filter((value) => value.startsWith('aborted')).length, 150);
    assert.equal(all.filter((value) => value.startsWith('open')).length, 15);
  } finally {
    await java.stop('SIGKILL');
  }
  return "20 transactions of Java's and an open one, read_committed";
}

async function withApache(context: Context, work: (peer: Peer) => Promise<string>): Promise<string> {
  const { toolbox } = context;
  const workspace = new Workspace();
  const server = await startApache(toolbox, workspace);
  try {
    const classPath = await toolbox.apache();
    const consoleProducer = CONSOLE_PRODUCER.old;
    return await work({ toolbox, workspace, bootstrap: server.bootstrap, classPath, consoleProducer });
  } finally {
    await server.stop('SIGKILL');
    workspace.remove();
  }
}

async function withKraft(
  context: Context,
  work: (peer: Peer, cluster: ApacheKraft) => Promise<string>,
  racks: readonly string[] = ['a'],
): Promise<string> {
  const { toolbox } = context;
  const workspace = new Workspace();
  const server = await ApacheKraft.start(toolbox, workspace, {
    brokers: racks.length,
    racks,
    config: {
      'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector',
      'replica.fetch.wait.max.ms': '100',
    },
  });
  try {
    const classPath = await toolbox.newKafka();
    const consoleProducer = CONSOLE_PRODUCER.new;
    return await work(
      { toolbox, workspace, bootstrap: server.bootstrap, classPath, consoleProducer },
      server,
    );
  } finally {
    await server.stop('SIGKILL');
    workspace.remove();
  }
}

/** A consumer reads from the replica in its rack, and from the leader when that is gone (KIP-392). */
async function fromFollower(peer: Peer, cluster: ApacheKraft): Promise<string> {
  const topic = `our-consumer-${randomUUID().slice(0, 8)}`;
  await using admin = new Admin(env, { bootstrapServers: peer.bootstrap });
  // The follower is to go away, so it is not the controller.
  await admin.createTopics([{ name: topic, assignments: [[1, 2]] }]);
  const follower = cluster.nodes.find(({ id }) => id === 2);
  assert.ok(follower !== undefined);
  await using producer = new Producer(env, { bootstrapServers: peer.bootstrap });
  const send = (from: number, count: number) =>
    producer.sendMany(
      Array.from({ length: count }, (_, i) => ({ topic, partition: 0, value: `${from + i}` })),
    );
  await send(0, 100);
  await using consumer = consumerOf(peer, { clientRack: 'b' });
  consumer.assign([{ topic, partition: 0 }]);
  const values = await read(consumer, 100);
  await send(100, 100);
  values.push(...(await read(consumer, 100)));
  assert.equal(consumer.metrics().partitions[0]?.preferredReplica, 2);
  await cluster.kill(follower);
  await send(200, 100);
  values.push(...(await read(consumer, 100)));
  assert.equal(consumer.metrics().partitions[0]?.preferredReplica, undefined);
  assert.deepEqual(
    values,
    values.map((_, i) => `${i}`),
  );
  return `${values.length} records read from the follower in the rack, and on from the leader when it had gone`;
}

const perCodec = ({ quick }: Context) => (quick ? 100 : 2000);

/** Our consumer, on brokers of Apache's and ours, beside clients of Java's. */
export const ourConsumerScenarios: readonly Scenario[] = [
  {
    name: 'our consumer',
    shows: "records of Java's in every codec with headers; groups with members of Java's",
    async run(context) {
      const { toolbox } = context;
      const { bootstrap } = await context.shared();
      const workspace = new Workspace();
      try {
        const classPath = await toolbox.apache();
        const peer = { toolbox, workspace, bootstrap, classPath, consoleProducer: CONSOLE_PRODUCER.old };
        return `${await exchange(peer, perCodec(context))}; ${await mixedGroups(peer)}`;
      } finally {
        workspace.remove();
      }
    },
  },
  {
    name: `our consumer on Kafka ${versions.kafka}`,
    shows: 'the same, and read_committed',
    fullOnly: true,
    run: (context) =>
      withApache(
        context,
        async (peer) =>
          `${await exchange(peer, perCodec(context))}; ${await mixedGroups(peer)}; ${await readCommitted(peer)}`,
      ),
  },
  {
    name: `our consumer on Kafka ${versions.newKafka}`,
    shows: 'the same',
    run: (context) =>
      withKraft(
        context,
        async (peer) =>
          `${await exchange(peer, perCodec(context))}; ${await mixedGroups(peer)}; ${await readCommitted(peer)}`,
      ),
  },
  {
    name: `our consumer near a follower of Kafka ${versions.newKafka}`,
    shows: 'fetches from the follower in its rack',
    fullOnly: true,
    run: (context) => withKraft(context, fromFollower, ['a', 'b']),
  },
];
