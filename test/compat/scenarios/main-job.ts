import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import kafkajs, { type Consumer, Kafka, logLevel } from 'kafkajs';
import { decompressFrame } from 'lz4-napi';
import { run } from '../../../tools/peers/process.ts';
import { freePorts, startOurs } from '../../../tools/peers/targets.ts';
import { until } from '../../../tools/until.ts';
import { Workspace } from '../../../tools/workspace.ts';
import type { Context, Scenario } from '../scenario.ts';
import { collectText, Tally } from './text.ts';

const topic = 'lines';
const group = 'readers';

// kafkajs brings no LZ4 of its own: without this each member that meets a batch of kcat's would leave the group.
kafkajs.CompressionCodecs[kafkajs.CompressionTypes.LZ4] = () => ({
  compress: () => Promise.reject(new Error('this job only reads')),
  decompress: decompressFrame,
});

/** Reads the topic with three members of one group; a record read twice after a rebalance counts once. */
async function consumeByGroup(kafka: Kafka, lines: number): Promise<{ tally: Tally; shares: number[] }> {
  const tally = new Tally();
  const seen = new Map<number, Set<string>>();
  const owners = new Map<string, number>();
  const readBy = new Map<string, number>();
  const crashes: Error[] = [];
  const members: Consumer[] = [];
  /** Holds once `check` does, unless a member has given up: then that is the failure. */
  const alive = (check: () => boolean) => () => {
    if (crashes[0] !== undefined) throw crashes[0];
    return check();
  };
  for (const name of ['a', 'b', 'c']) {
    const consumer = kafka.consumer({
      groupId: group,
      sessionTimeout: 10_000,
      heartbeatInterval: 500,
      maxWaitTimeInMs: 200,
    });
    members.push(consumer);
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      owners.set(name, payload.memberAssignment[topic]?.length ?? 0);
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart) crashes.push(payload.error);
    });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      partitionsConsumedConcurrently: 2,
      eachBatch: async ({ batch, resolveOffset }) => {
        const known = seen.get(batch.partition) ?? new Set();
        seen.set(batch.partition, known);
        for (const message of batch.messages) {
          if (!known.has(message.offset)) {
            known.add(message.offset);
            tally.add(message.value ?? Buffer.alloc(0));
            readBy.set(name, (readBy.get(name) ?? 0) + 1);
          }
          resolveOffset(message.offset);
        }
      },
    });
  }
  try {
    const shared = () => owners.size === 3 && [...owners.values()].every((count) => count === 2);
    await until('three members share six partitions', alive(shared));
    const read = () => tally.count >= lines;
    await until('the group has read every line', alive(read), { withinMs: 300_000 });
  } finally {
    await Promise.all(members.map((consumer) => consumer.disconnect()));
  }
  return { tally, shares: [...readBy.values()] };
}

async function tallyOfFile(path: string): Promise<Tally> {
  const tally = new Tally();
  for await (const line of createInterface({
    input: createReadStream(path),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    tally.add(Buffer.from(line));
  }
  return tally;
}

/** Feeds one file through kcat and one through Java's console producer, both idempotent, to the same topic. */
async function produce(
  context: Context,
  bootstrap: string,
  files: { kcat: string; java: string },
): Promise<void> {
  const kcat = await context.toolbox.kcat();
  const classPath = await context.toolbox.apache();
  // Without -E kcat gives up as soon as no broker is reachable; the library below it would go on trying.
  const sure = ['-E', '-X', 'acks=all', '-X', 'enable.idempotence=true', '-X', 'message.timeout.ms=300000'];
  const javaArgs = ['--bootstrap-server', bootstrap, '--topic', topic, '--producer-property', 'acks=all'];
  const patience = [
    '--producer-property',
    'delivery.timeout.ms=300000',
    '--producer-property',
    'max.block.ms=300000',
  ];
  const [, java] = await Promise.all([
    run(kcat, ['-P', '-b', bootstrap, '-t', topic, '-z', 'lz4', ...sure], {
      inputFile: files.kcat,
      timeoutMs: 400_000,
    }),
    context.toolbox.java(classPath, 'kafka.tools.ConsoleProducer', [...javaArgs, ...patience], {
      inputFile: files.java,
      timeoutMs: 400_000,
    }),
  ]);
  assert.doesNotMatch(java.stderr, /Error when sending/, 'the console producer lost lines');
}

/** What the package is for: text in through foreign producers, a crash in the middle, text out through others. */
export const mainJobScenario: Scenario = {
  name: 'main job',
  fullOnly: true,
  shows:
    'real text through kcat and the Java console producer, kill -9 mid-way, read by a kafkajs group and kcat',
  async run(context) {
    const workspace = new Workspace();
    const data = workspace.dir('data');
    const [zookeeperPort = 0, kafkaPort = 0] = await freePorts(2);
    const start = () => startOurs(context.toolbox, { data, zookeeperPort, kafkaPort });
    const kcat = await context.toolbox.kcat();
    await context.toolbox.apache();
    let target = await start();
    try {
      const files = { kcat: join(workspace.path, 'kcat.txt'), java: join(workspace.path, 'java.txt') };
      const root = context.toolbox.root;
      const texts = ['/usr/local/go/src', '/usr/include', '/usr/lib/python3', '/usr/lib/node_modules'];
      const roots = [...texts, join(root, 'node_modules'), root];
      const megabytes = context.quick ? 8 : 110;
      const written = await collectText(roots, megabytes * 1e6, [files.kcat, files.java]);
      context.say(`${written.bytes} bytes of text, ${written}`);
      assert.ok(written.bytes >= megabytes * 1e6, 'too little text on this machine');

      const kafka = new Kafka({
        brokers: [target.bootstrap],
        logLevel: logLevel.NOTHING,
        retry: { retries: 20 },
      });
      const admin = kafka.admin();
      await admin.connect();
      await admin.createTopics({ topics: [{ topic, numPartitions: 6 }], waitForLeaders: true });
      const produced = async () =>
        (await admin.fetchTopicOffsets(topic)).reduce((sum, { high }) => sum + Number(high), 0);
      const producing = produce(context, target.bootstrap, files);
      producing.catch(() => undefined);
      await until('a third of the lines has arrived', async () => (await produced()) > written.count / 3, {
        withinMs: 300_000,
      });
      const before = await produced();
      assert.ok(before < written.count * 0.95, 'the crash comes too late to mean anything');
      await target.stop('SIGKILL');
      context.say(`killed with -9 after ${before} lines`);
      const killed = performance.now();
      target = await start();
      context.say(`serving again after ${Math.round(performance.now() - killed)} ms`);
      await producing;
      const stored = await produced();
      assert.equal(stored, written.count, 'idempotent producers leave every line exactly once');
      await admin.disconnect();

      const byGroup = await consumeByGroup(kafka, written.count);
      assert.equal(`${byGroup.tally}`, `${written}`, 'what the kafkajs group read');
      context.say(`read by the group's members: ${byGroup.shares.join(' + ')}`);
      assert.ok(context.quick || byGroup.shares.length === 3, 'every member has read a part');
      const output = join(workspace.path, 'read.txt');
      await run(kcat, ['-C', '-b', target.bootstrap, '-t', topic, '-o', 'beginning', '-e', '-q'], {
        outputFile: output,
        timeoutMs: 300_000,
      });
      assert.equal(`${await tallyOfFile(output)}`, `${written}`, 'what kcat read');
      return `${(written.bytes / 1e6).toFixed(0)} MB, ${written}, crash after ${before}; equal for kafkajs and kcat`;
    } finally {
      await target.stop('SIGKILL');
      workspace.remove();
    }
  },
};
