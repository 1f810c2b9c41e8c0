import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { type Daemon, run } from '../../../tools/peers/process.ts';
import {
  freePorts,
  startApacheBroker,
  startApacheZooKeeper,
  startOurBroker,
  startOurZooKeeper,
} from '../../../tools/peers/targets.ts';
import { versions } from '../../../tools/peers/toolbox.ts';
import { Workspace } from '../../../tools/workspace.ts';
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

/** What either server says when its tree differs from what a replayed transaction made where it was first applied. */
const digestMismatch = /the digest of the tree is not|digest mismatch|Digests are not matching/i;

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
      const logs = filesOf(workspace.path, /zookeeper[^/]*\.log$/);
      assert.equal(logs.length, 2, `a log of each server in ${logs}`);
      for (const path of logs)
        assert.doesNotMatch(readFileSync(path, 'utf8'), digestMismatch, `tree digests in ${basename(path)}`);
      return `${written.length} nodes from ours, ${more.length} from Apache's, equal both ways, digests too`;
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

/** What the dump tool says when it finds damage; it exits with 0 all the same. */
const complaints = new RegExp(
  [
    'isvalid: false',
    'invalid bytes at the end',
    'Mismatches in',
    'Found timestamp mismatch',
    'Found out of order timestamp',
    'are not found in the log',
    'Non-?consecutive',
    'Snapshot contained an unknown|Snapshot is corrupt',
    'Ignoring unknown file',
    'Exception',
  ].join('|'),
  'i',
);

interface Dumped {
  readonly files: number;
  /** The producers in the newest snapshot of each partition, by the name of its directory. */
  readonly producers: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Kafka's own dump tool reads every segment, index and snapshot, and checks them against each other. */
async function dumpLog(context: Context, logDir: string, kinds: RegExp): Promise<Dumped> {
  const files = filesOf(logDir, kinds).sort();
  const classPath = await context.toolbox.apache();
  const dump = async (...args: string[]) => {
    const { stdout, stderr } = await context.toolbox.java(classPath, 'kafka.tools.DumpLogSegments', args);
    assert.doesNotMatch(stdout + stderr, complaints);
    return stdout;
  };
  const indexes = files.filter((path) => /index$/.test(path));
  if (indexes.length > 0) await dump('--index-sanity-check', '--files', indexes.join(','));
  const text = await dump('--deep-iteration', '--files', files.join(','));
  const producers = new Map<string, Set<string>>();
  for (const part of text.split(/^Dumping /m)) {
    const [path = '', ...lines] = part.split('\n');
    if (!path.endsWith('.snapshot')) continue;
    const ids = lines.flatMap((line) => /^producerId: (\d+) /.exec(line)?.[1] ?? []);
    producers.set(basename(dirname(path)), new Set(ids));
  }
  return { files: files.length, producers };
}

/** Epoch and start offset of every leader of the topic's partitions, as the checkpoint files say. */
function leaderEpochs(logDir: string): string[][] {
  return Array.from({ length: partitions }, (_, partition) => {
    const text = readFileSync(join(logDir, `${topic}-${partition}`, 'leader-epoch-checkpoint'), 'utf8');
    const [version, count, ...entries] = text.trim().split('\n');
    assert.equal(version, '0', text);
    assert.equal(entries.length, Number(count), text);
    return entries;
  });
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

const allKinds = /\.(log|index|timeindex|snapshot|txnindex)$/;
/**
 * A crashed Apache broker leaves indexes that are filled with zeros up to their limit, and its own dump tool takes
 * the zeros for entries: the sanity check calls a time index corrupt whose "last timestamp is 0", a dump fails with
 * NoSuchElementException where the log is empty. Ours hold entries only, so they are dumped after a crash as well.
 */
const notMapped = /\.(log|snapshot|txnindex)$/;

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
      let epochs: string[][] = [];
      let known: Dumped['producers'] = new Map();
      /** Stops the broker and checks the directory that it leaves. */
      const leave = async (who: 'apache' | 'ours', signal: NodeJS.Signals) => {
        await broker?.stop(signal);
        const theirCrash = who === 'apache' && signal === 'SIGKILL';
        const dumped = await dumpLog(context, logDir, theirCrash ? notMapped : allKinds);
        files += dumped.files;
        const after = leaderEpochs(logDir);
        for (const [partition, entries] of epochs.entries()) {
          assert.deepEqual(after[partition]?.slice(0, entries.length), entries, `epochs kept by ${who}`);
        }
        epochs = after;
        if (signal === 'SIGKILL') return;
        for (const [partition, ids] of known) {
          const now = dumped.producers.get(partition);
          for (const id of ids) assert.ok(now?.has(id), `producer ${id} of ${partition} is lost by ${who}`);
        }
        known = dumped.producers;
        assert.ok((known.get(`${topic}-0`)?.size ?? 0) >= 5, 'a producer for each codec in the snapshot');
      };
      for (const [last, signal, next] of [
        ['ours', 'SIGKILL', 'apache'],
        ['apache', 'SIGKILL', 'ours'],
        ['ours', 'SIGTERM', 'apache'],
        ['apache', 'SIGTERM', 'ours'],
      ] as const) {
        await leave(last, signal);
        await registrationGone(zookeeperPort);
        broker = await start(next);
        await topicServed(admin);
        assert.deepEqual(await view(), expected, `${next} opens the directory after ${signal}`);
        await add();
        expected = await view();
        context.say(`${next} serves what ${last} left after ${signal}: ${expected.records.length} records`);
      }
      await leave('ours', 'SIGTERM');
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
