import assert from 'node:assert/strict';
import { Admin } from '../../../src/clients/kafka/admin/admin.ts';
import { isKafkaError } from '../../../src/clients/kafka/kafka-error.ts';
import { Producer } from '../../../src/clients/kafka/producer/producer.ts';
import { createNodeEnv } from '../../../src/env/node/create-node-env.ts';
import { ApacheKraft } from '../../../tools/peers/apache-kraft.ts';
import { versions } from '../../../tools/peers/toolbox.ts';
import { Workspace } from '../../../tools/workspace.ts';
import type { Context, Scenario } from '../scenario.ts';

const env = createNodeEnv({ logLevel: 'silent' });
const PARTITIONS = [0, 1, 2];
const PER_TRANSACTION = 10;

/** Kills brokers in turn, but not the controller, which is the only one, and starts them again. */
async function killInTurn(cluster: ApacheKraft, kills: number): Promise<void> {
  const others = cluster.nodes.slice(1);
  for (let kill = 0; kill < kills; kill++) {
    const node = others[kill % others.length];
    assert.ok(node !== undefined);
    await cluster.kill(node);
    await cluster.boot(node);
  }
}

/** Numbers in transactions of ten, each to all partitions; every third is aborted. Returns those that were committed. */
async function transact(bootstrap: string, topic: string, isOver: () => boolean) {
  const options = { bootstrapServers: bootstrap, transactionalId: `${topic}-id` };
  await using producer = new Producer(env, options);
  await producer.initTransactions();
  const committed: number[] = [];
  let lost = 0;
  for (let first = 0; !isOver(); first += PER_TRANSACTION) {
    const numbers = Array.from({ length: PER_TRANSACTION }, (_, i) => first + i);
    const isCommit = (first / PER_TRANSACTION) % 3 !== 2;
    producer.beginTransaction();
    try {
      await producer.sendMany(
        numbers.flatMap((number) =>
          PARTITIONS.map((partition) => ({ topic, partition, value: `${number}` })),
        ),
      );
      if (isCommit) {
        await producer.commitTransaction();
        committed.push(...numbers);
      } else await producer.abortTransaction();
    } catch (error) {
      if (!isKafkaError(error, 'TRANSACTION_ABORTABLE')) throw error;
      lost++;
      await producer.abortTransaction();
    }
  }
  return { committed, lost };
}

/** Numbers without transactions, many at a time. Returns how many, all of them acknowledged. */
async function number(bootstrap: string, topic: string, isOver: () => boolean): Promise<number> {
  await using producer = new Producer(env, { bootstrapServers: bootstrap });
  let next = 0;
  while (!isOver()) {
    const numbers = Array.from({ length: 200 }, () => next++);
    await producer.sendMany(
      numbers.flatMap((value) => PARTITIONS.map((partition) => ({ topic, partition, value: `${value}` }))),
    );
  }
  return next;
}

/** What Java reads of each partition, in the order of offsets. */
async function readByJava(
  { toolbox }: Context,
  { bootstrap, topic, count }: { bootstrap: string; topic: string; count: number },
): Promise<number[][]> {
  const classPath = await toolbox.newKafka();
  const { stdout } = await toolbox.java(classPath, 'org.apache.kafka.tools.consumer.ConsoleConsumer', [
    ...['--bootstrap-server', bootstrap, '--topic', topic, '--from-beginning'],
    ...['--max-messages', `${count + 1}`, '--timeout-ms', '10000', '--isolation-level', 'read_committed'],
    ...['--property', 'print.partition=true'],
  ]);
  const partitions: number[][] = PARTITIONS.map(() => []);
  for (const [, partition, value] of stdout.matchAll(/^Partition:(\d+)\t(\d+)$/gm)) {
    partitions[Number(partition)]?.push(Number(value));
  }
  return partitions;
}

async function throughKills(context: Context, cluster: ApacheKraft, kills: number): Promise<string> {
  const { bootstrap } = cluster;
  await using admin = new Admin(env, { bootstrapServers: bootstrap });
  const common = { partitions: PARTITIONS.length, replicationFactor: 3 };
  await admin.createTopics([
    { name: 'transactions', ...common },
    { name: 'numbers', ...common },
  ]);
  let isOver = false;
  const killing = killInTurn(cluster, kills).finally(() => {
    isOver = true;
  });
  const [{ committed, lost }, count] = await Promise.all([
    transact(bootstrap, 'transactions', () => isOver),
    number(bootstrap, 'numbers', () => isOver),
    killing,
  ]);
  assert.ok(committed.length > 0 && count > 0);
  const all = Array.from({ length: count }, (_, i) => i);
  for (const [topic, expected] of [
    ['transactions', committed],
    ['numbers', all],
  ] as const) {
    const records = { bootstrap, topic, count: expected.length * PARTITIONS.length };
    for (const [partition, seen] of (await readByJava(context, records)).entries()) {
      assert.deepEqual(seen, expected, `${topic}-${partition}`);
    }
  }
  const transactions = committed.length / PER_TRANSACTION;
  return (
    `${kills} kills; ${transactions} transactions committed, ${lost} lost and aborted, and ` +
    `${count * PARTITIONS.length} further records exactly once and in order, read by Java`
  );
}

/** Our producer while brokers of Apache's are killed under it. */
export const ourProducerKillsScenario: Scenario = {
  name: `our producer through kills of Kafka ${versions.newKafka}`,
  shows: 'records and transactions exactly once and in order while brokers and coordinators die',
  fullOnly: true,
  async run(context) {
    const workspace = new Workspace();
    const config = { 'min.insync.replicas': '2', 'broker.session.timeout.ms': '6000' };
    const cluster = await ApacheKraft.start(context.toolbox, workspace, { brokers: 3, config });
    try {
      return await throughKills(context, cluster, context.quick ? 2 : 6);
    } finally {
      await cluster.stop('SIGKILL');
      workspace.remove();
    }
  },
};
