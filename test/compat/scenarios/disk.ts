import assert from 'node:assert/strict';
import { cpSync, readdirSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { type Daemon, run } from '../../../tools/peers/process.ts';
import {
  freePorts,
  startApacheBroker,
  startApacheZooKeeper,
  startOurBroker,
  startOurZooKeeper,
  Workspace,
} from '../../../tools/peers/targets.ts';
import { versions } from '../../../tools/peers/toolbox.ts';
import type { Context, Scenario } from '../scenario.ts';

async function javaProgram(context: Context, name: string, args: string[]): Promise<string> {
  const jars = await context.toolbox.apache();
  const classPath = await context.toolbox.compileJava(name, jars, [`test/compat/java/${name}.java`]);
  return (await context.toolbox.java(classPath, name, args)).stdout;
}

/** Path, data, stat and ACL of every node, one a line, as Java's client sees them. */
async function dumpTree(context: Context, connect: string): Promise<string[]> {
  return (await javaProgram(context, 'DumpTree', [connect])).trim().split('\n');
}

const zookeeperDisk: Scenario = {
  name: `ZooKeeper ${versions.zookeeper} data directories`,
  shows: 'Apache opens ours and we open theirs after kill -9, trees identical with stats',
  async run(context) {
    const workspace = new Workspace();
    const [port = 0] = await freePorts(1);
    const connect = `127.0.0.1:${port}`;
    /** Serves a directory, lets `work` happen and crashes the server. */
    const serve = async <T>(who: 'apache' | 'ours', dataDir: string, work: () => Promise<T>): Promise<T> => {
      const start = who === 'apache' ? startApacheZooKeeper : startOurZooKeeper;
      const server = await start(context.toolbox, { dataDir, port, workspace });
      return work().finally(() => server.stop('SIGKILL'));
    };
    const fillAndDump = async () => {
      for (let round = 0; round < (context.quick ? 1 : 5); round += 1)
        await javaProgram(context, 'FillTree', [connect]);
      return dumpTree(context, connect);
    };
    try {
      const first = workspace.dir('first');
      const written = await serve('ours', first, fillAndDump);
      const second = workspace.dir('second');
      cpSync(first, second, { recursive: true });
      assert.deepEqual(
        await serve('apache', second, () => dumpTree(context, connect)),
        written,
        'Apache on our directory',
      );
      const more = await serve('apache', second, fillAndDump);
      assert.ok(more.length > written.length);
      assert.deepEqual(
        await serve('ours', second, () => dumpTree(context, connect)),
        more,
        'ours on their directory',
      );
      assert.deepEqual(
        await serve('apache', second, () => dumpTree(context, connect)),
        more,
        'and theirs again',
      );
      return `${written.length} nodes from ours, ${more.length} from Apache's, equal both ways`;
    } finally {
      workspace.remove();
    }
  },
};

/** Every file below `dir` with one of the endings. */
function filesOf(dir: string, ending: RegExp): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((name) => join(dir, name))
    .filter((path) => ending.test(path) && statSync(path).isFile());
}

/** Kafka's own dump tool reads every segment, index and snapshot, and checks them against each other. */
async function dumpLog(context: Context, logDir: string): Promise<number> {
  const files = filesOf(logDir, /\.(log|index|timeindex|snapshot|txnindex)$/);
  const classPath = await context.toolbox.apache();
  const args = ['--deep-iteration', '--files', files.join(',')];
  const { stdout, stderr } = await context.toolbox.java(classPath, 'kafka.tools.DumpLogSegments', args);
  assert.doesNotMatch(
    stdout + stderr,
    /isvalid: false|Mismatches in|Non-?consecutive|out of order|Index timestamp of|Exception/i,
  );
  return files.length;
}

/** Waits until a killed broker's session has run out: Apache's broker refuses to start before. */
async function registrationGone(zookeeperPort: number): Promise<void> {
  const deadline = performance.now() + 60_000;
  while ((await dumpSessions(zookeeperPort)).includes('/brokers/ids/0')) {
    if (performance.now() > deadline) throw new Error('the session of the killed broker does not end');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Waits until a broker that has just started has learnt of its partitions from the controller. */
async function topicServed(admin: Admin): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      await admin.fetchTopicOffsets(topic);
      return;
    } catch (error) {
      if (tries === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** The answer to the four-letter word `dump`: sessions and their ephemeral nodes. */
function dumpSessions(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write('dump'));
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
}

const topic = 'disk';
const partitions = 3;

const kafkaDisk: Scenario = {
  name: `Kafka ${versions.kafka} log directories`,
  fullOnly: true,
  shows:
    'Apache opens ours and we open theirs, on our ZooKeeper; records, offsets and groups equal; dump tool accepts all files',
  async run(context) {
    const workspace = new Workspace();
    const [zookeeperPort = 0, port = 0] = await freePorts(2);
    const zookeeper = `127.0.0.1:${zookeeperPort}`;
    const bootstrap = `127.0.0.1:${port}`;
    const kcat = await context.toolbox.kcat();
    const logDir = workspace.dir('logs');
    const keeper = await startOurZooKeeper(context.toolbox, {
      dataDir: workspace.dir('zk'),
      port: zookeeperPort,
      workspace,
    });
    const config = {
      'log.segment.bytes': '262144',
      'offsets.topic.num.partitions': '5',
      'zookeeper.session.timeout.ms': '6000',
    };
    const start = (who: 'apache' | 'ours') => {
      const starter = who === 'apache' ? startApacheBroker : startOurBroker;
      return starter(context.toolbox, { logDir, port, zookeeper, config, workspace });
    };
    const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING, retry: { retries: 20 } });
    const admin = kafka.admin();
    let broker: Daemon | undefined;
    let round = 0;
    /** Adds records in every codec and commits the group at the end. */
    const add = async () => {
      round += 1;
      const count = context.quick ? 300 : 3000;
      for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
        const lines = Array.from(
          { length: count },
          (_, i) => `${codec}-${i % 50}\tround ${round} ${codec} ${i} ${'y'.repeat(i % 200)}`,
        );
        const args = [
          '-P',
          '-b',
          bootstrap,
          '-t',
          topic,
          '-z',
          codec,
          '-K',
          '\t',
          '-X',
          'enable.idempotence=true',
        ];
        await run(kcat, args, { input: `${lines.join('\n')}\n` });
      }
      const commit = [
        '-b',
        bootstrap,
        '-q',
        '-X',
        'auto.offset.reset=earliest',
        '-e',
        '-G',
        'disk-group',
        topic,
      ];
      await run(kcat, commit);
    };
    /** All that a client can see: records with offsets and times, watermarks, committed offsets. */
    const view = async () => {
      const format = ['-f', '%p %o %T %k %s\n'];
      const { stdout } = await run(kcat, [
        '-C',
        '-b',
        bootstrap,
        '-t',
        topic,
        '-o',
        'beginning',
        '-e',
        '-q',
        ...format,
      ]);
      const ends = await admin.fetchTopicOffsets(topic);
      const committed = await admin.fetchOffsets({ groupId: 'disk-group', topics: [topic] });
      const byPartition = <T extends { partition: number }>(list: T[]) =>
        list.toSorted((a, b) => a.partition - b.partition);
      const groups = committed.map((entry) => byPartition(entry.partitions));
      return { records: stdout.trim().split('\n').sort(), ends: byPartition(ends), groups };
    };
    try {
      broker = await start('ours');
      await admin.connect();
      await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true });
      await add();
      let expected = await view();
      assert.equal(expected.records.length, 5 * (context.quick ? 300 : 3000));
      let files = 0;
      for (const [next, signal] of [
        ['apache', 'SIGKILL'],
        ['ours', 'SIGKILL'],
        ['apache', 'SIGTERM'],
        ['ours', 'SIGTERM'],
      ] as const) {
        await broker.stop(signal);
        files += await dumpLog(context, logDir);
        await registrationGone(zookeeperPort);
        broker = await start(next);
        await topicServed(admin);
        assert.deepEqual(await view(), expected, `${next} opens the directory after ${signal}`);
        await add();
        expected = await view();
      }
      await broker.stop();
      files += await dumpLog(context, logDir);
      return `${expected.records.length} records handed over four times, ${files} files accepted by the dump tool`;
    } finally {
      await admin.disconnect().catch(() => undefined);
      await broker?.stop('SIGKILL');
      await keeper.stop('SIGKILL');
      workspace.remove();
    }
  },
};

/** Directories of each implementation opened by the other. */
export const diskScenarios: readonly Scenario[] = [zookeeperDisk, kafkaDisk];
