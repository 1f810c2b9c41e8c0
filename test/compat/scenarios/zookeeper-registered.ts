import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Admin } from '../../../src/clients/kafka/admin/admin.ts';
import type { MessageStream } from '../../../src/clients/kafka/classic/message-stream.ts';
import { ZooKeeperConsumer } from '../../../src/clients/kafka/classic/zookeeper-consumer.ts';
import { ZooKeeperProducer } from '../../../src/clients/kafka/classic/zookeeper-producer.ts';
import { createNodeEnv } from '../../../src/env/node/create-node-env.ts';
import { versions } from '../../../tools/peers/toolbox.ts';
import { until } from '../../../tools/until.ts';
import { Workspace } from '../../../tools/workspace.ts';
import type { Context, Scenario } from '../scenario.ts';

const env = createNodeEnv({ logLevel: 'error' });
const PARTITIONS = 4;

/** Owner and lag of each partition, as Apache's command of the time prints them. */
async function describe(context: Context, zookeeper: string, group: string): Promise<string[][]> {
  const args = ['--zookeeper', zookeeper, '--describe', '--group', group];
  const classPath = await context.toolbox.oldKafka();
  const { stdout } = await context.toolbox.java(classPath, 'kafka.admin.ConsumerGroupCommand', args);
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((cells) => /^\d+$/.test(cells[1] ?? ''))
    .map(([, partition = '', current = '', end = '', lag = '', consumer = '']) => [
      partition,
      current,
      end,
      lag,
      consumer,
    ]);
}

/** One group of Apache's last consumer of this kind and ours: they share partitions, and the command sees both. */
async function shareAGroup(context: Context): Promise<string> {
  const { bootstrap, zookeeper } = await context.shared();
  const topic = `registered-${randomUUID().slice(0, 8)}`;
  const group = `${topic}-group`;
  const workspace = new Workspace('registered');
  await using admin = new Admin(env, { bootstrapServers: bootstrap });
  await admin.createTopics([{ name: topic, partitions: PARTITIONS, replicationFactor: 1 }]);
  await using producer = await ZooKeeperProducer.connect(env, { zookeeperConnect: zookeeper, acks: -1 });
  let sent = 0;
  const send = async (count: number): Promise<void> => {
    await producer.send(
      topic,
      Array.from({ length: count }, () => ({ key: `key ${sent}`, value: `value ${sent++}` })),
    );
  };
  const seen = new Set<string>();
  const read = async (stream: MessageStream): Promise<void> => {
    for await (const { value } of stream) seen.add(String(value));
  };
  await using consumer = await ZooKeeperConsumer.connect(env, {
    zookeeperConnect: zookeeper,
    groupId: group,
    autoOffsetReset: 'smallest',
    autoCommitIntervalMs: 300,
  });
  const streams = await consumer.createMessageStreams({ [topic]: 1 });
  for (const stream of streams.get(topic) ?? []) void read(stream);
  await send(20);
  await until('ours reads alone', () => seen.size === 20);

  const logFile = join(workspace.path, 'java.log');
  const java = context.toolbox.javaDaemon(await context.toolbox.oldKafka(), 'kafka.tools.ConsoleConsumer', {
    args: [
      ...['--zookeeper', zookeeper, '--topic', topic],
      ...['--consumer-property', `group.id=${group}`, '--consumer-property', 'auto.commit.interval.ms=300'],
    ],
    logFile,
  });
  try {
    const ownersOf = (rows: string[][]) =>
      rows.map(([, , , , owner = '']) => owner.startsWith(consumer.consumerId));
    await until('both have partitions', async () => {
      const own = ownersOf(await describe(context, zookeeper, group)).filter((isOurs) => isOurs).length;
      return own === PARTITIONS / 2;
    });
    await send(100);
    await until('everything is committed', async () => {
      const rows = await describe(context, zookeeper, group);
      return rows.length === PARTITIONS && rows.every(([, , , lag]) => lag === '0');
    });
    const rows = await describe(context, zookeeper, group);
    await java.stop('SIGTERM');
    for (const [line] of readFileSync(logFile, 'utf8').matchAll(/^value \d+$/gm)) seen.add(line);
    assert.equal(seen.size, 120, 'each record was read by one of them');
    await until('ours has everything', async () =>
      ownersOf(await describe(context, zookeeper, group)).every((isOurs) => isOurs),
    );
    const ends = rows.reduce((sum, [, , end]) => sum + Number(end), 0);
    assert.equal(ends, 120);
    return `${PARTITIONS} partitions shared with the consumer of ${versions.oldKafka}, 120 records, both described by its command`;
  } finally {
    await java.stop('SIGKILL');
    workspace.remove();
  }
}

/** Clients that live by ZooKeeper, beside those of the last Apache Kafka that had them. */
export const zookeeperRegisteredScenarios: readonly Scenario[] = [
  {
    name: 'clients that live by ZooKeeper',
    shows: 'a group of ours and Apache’s, offsets and owners in ZooKeeper',
    run: shareAGroup,
  },
];
