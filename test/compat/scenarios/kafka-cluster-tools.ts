import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KafkaCluster, type PartitionState } from '../../../tools/peers/kafka-cluster.ts';
import { Daemon } from '../../../tools/peers/process.ts';
import { versions } from '../../../tools/peers/toolbox.ts';
import { until } from '../../../tools/until.ts';
import { ClusterTools, reassignmentJson } from '../cluster-tools.ts';
import { assertSameLogs } from '../replica-logs.ts';
import type { Context, Scenario } from '../scenario.ts';

/** The lines of a text that match. */
function lines(text: string, pattern: RegExp): string[] {
  return text.split('\n').filter((line) => pattern.test(line));
}

/** Topics are made in all ways, described, grown and deleted. */
async function topics(tools: ClusterTools): Promise<void> {
  await tools.createTopic('many', 6, ['min.insync.replicas=2', 'retention.ms=3600000']);
  await tools.run('topics', ['--create', '--topic', 'assigned', '--replica-assignment', '0:1,1:2,2:0']);
  await tools.cluster.inSync('assigned');
  const replicas = (await tools.cluster.partitions('assigned')).map((state) => state.replicas);
  assert.deepEqual(replicas, [
    [0, 1],
    [1, 2],
    [2, 0],
  ]);
  await tools.run('topics', ['--alter', '--topic', 'many', '--partitions', '9']);
  await tools.cluster.inSync('many');
  const described = await tools.run('topics', ['--describe', '--topic', 'many']);
  assert.match(described, /PartitionCount: 9\s+ReplicationFactor: 3/);
  assert.match(described, /min\.insync\.replicas=2/);
  const partitions = lines(described, /Partition: \d+\s+Leader: [012]\s+Replicas: \S+\s+Isr: \d,\d,\d/);
  assert.equal(partitions.length, 9, described);
  for (const filter of [
    '--under-replicated-partitions',
    '--unavailable-partitions',
    '--under-min-isr-partitions',
  ])
    assert.equal((await tools.run('topics', ['--describe', filter])).trim(), '', filter);
  await tools.run('topics', [
    '--create',
    '--topic',
    'brief',
    '--partitions',
    '3',
    '--replication-factor',
    '3',
  ]);
  await tools.run('topics', ['--delete', '--topic', 'brief']);
  await until('a deleted topic is gone', async () => (await tools.cluster.partitions('brief')).length === 0);
  assert.deepEqual(lines(await tools.run('topics', ['--list']), /\w/).slice(0, 2), ['assigned', 'many']);
}

/** Records go in and come out by the verifiable tools, and all commands agree on how many. */
async function records(tools: ClusterTools, count: number): Promise<void> {
  const at = ['--topic', 'many', '--max-messages', `${count}`];
  const produced = await tools.run('producer', [...at, '--acks', '-1']);
  assert.match(produced, new RegExp(`"sent":${count},.*"acked":${count}`));
  const events = await tools.run('consumer', [...at, '--group-id', 'verified', '--reset-policy', 'earliest']);
  const counts = lines(events, /"records_consumed"/).map(
    (line) => (JSON.parse(line) as { count: number }).count,
  );
  assert.equal(
    counts.reduce((sum, value) => sum + value, 0),
    count,
    events,
  );
  const offsets = lines(await tools.run('offsets', ['--topic', 'many']), /^many:/);
  const ends = offsets.map((line) => Number(line.split(':')[2]));
  assert.equal(ends.length, 9);
  assert.equal(
    ends.reduce((sum, end) => sum + end, 0),
    count,
  );
  for (const line of lines(await tools.run('offsets', ['--topic', 'many', '--time', 'earliest']), /^many:/))
    assert.equal(line.split(':')[2], '0', line);
  // A group without members has rows for the partitions that it has committed.
  const rows = lines(await tools.run('groups', ['--describe', '--group', 'verified']), /^verified /);
  const columns = rows.map((row) => row.trim().split(/\s+/));
  assert.deepEqual(new Set(columns.map((row) => row[5])), new Set(['0']), rows.join('\n'));
  assert.equal(
    columns.reduce((sum, row) => sum + Number(row[3]), 0),
    count,
  );
  const producers = await tools.run('transactions', [
    'describe-producers',
    '--topic',
    'many',
    '--partition',
    '0',
  ]);
  assert.match(producers, /ProducerId\s+ProducerEpoch\s+LatestCoordinatorEpoch\s+LastSequence/);
}

interface LogDir {
  logDir: string;
  error: string | null;
  partitions: { partition: string; size: number; offsetLag: number; isFuture: boolean }[];
}

/** What brokers say of their log directories. */
async function logDirs(tools: ClusterTools, topic: string): Promise<{ broker: number; logDirs: LogDir[] }[]> {
  const text = await tools.run('logDirs', ['--describe', '--topic-list', topic]);
  const [json = ''] = lines(text, /^\{/);
  return (JSON.parse(json) as { brokers: { broker: number; logDirs: LogDir[] }[] }).brokers;
}

/** Every broker has every replica of a topic that is on all of them, with nothing behind. */
async function directories(tools: ClusterTools): Promise<void> {
  const brokers = await logDirs(tools, 'many');
  assert.deepEqual(brokers.map(({ broker }) => broker).sort(), [0, 1, 2]);
  for (const { logDirs: dirs } of brokers) {
    assert.equal(dirs.length, 2);
    const replicas = dirs.flatMap(({ partitions }) => partitions);
    assert.equal(replicas.length, 9);
    for (const { offsetLag, isFuture } of replicas) assert.deepEqual([offsetLag, isFuture], [0, false]);
  }
}

/** Configurations of topics, of one broker, of all brokers, of users and clients. */
async function configurations(tools: ClusterTools): Promise<void> {
  const check = async (entity: readonly string[], setting: string, shown: RegExp) => {
    await tools.run('configs', ['--alter', ...entity, '--add-config', setting]);
    await until(`${setting} is shown`, async () =>
      shown.test(await tools.run('configs', ['--describe', ...entity])),
    );
  };
  const topic = ['--entity-type', 'topics', '--entity-name', 'many'];
  await check(topic, 'segment.bytes=1048576', /segment\.bytes=1048576/);
  const broker = ['--entity-type', 'brokers', '--entity-name', '1'];
  await check(broker, 'log.retention.ms=7200000', /log\.retention\.ms=7200000/);
  const every = ['--entity-type', 'brokers', '--entity-default'];
  await check(every, 'log.segment.bytes=2097152', /log\.segment\.bytes=2097152/);
  const all = await tools.run('configs', ['--describe', '--all', ...broker]);
  assert.match(all, /log\.retention\.ms=7200000.*DYNAMIC_BROKER_CONFIG/);
  assert.match(all, /log\.segment\.bytes=2097152.*DYNAMIC_DEFAULT_BROKER_CONFIG/);
  await tools.run('configs', ['--alter', ...broker, '--delete-config', 'log.retention.ms']);
  await tools.run('configs', ['--alter', ...every, '--delete-config', 'log.segment.bytes']);
  const user = ['--entity-type', 'users', '--entity-name', 'alice'];
  await check(
    [...user, '--entity-type', 'clients', '--entity-name', 'app'],
    'producer_byte_rate=1000000',
    /1000000/,
  );
  await check(user, 'SCRAM-SHA-256=[iterations=4096,password=secret]', /SCRAM-SHA-256=iterations=4096/);
}

/** Moves a topic, and asks for plans and for what is under way. */
async function reassignments(tools: ClusterTools): Promise<void> {
  const { cluster } = tools;
  const before = await cluster.partitions('assigned');
  const turned = before.map((state) => ({ ...state, replicas: state.replicas.map((id) => (id + 1) % 3) }));
  await tools.reassign(turned);
  const after = await cluster.partitions('assigned');
  assert.deepEqual(
    after.map(({ replicas, isr }) => [replicas, [...isr].sort()]),
    turned.map(({ replicas }) => [replicas, [...replicas].sort()]),
  );
  const topicsFile = tools.file(JSON.stringify({ version: 1, topics: [{ topic: 'assigned' }] }));
  const plan = ['--topics-to-move-json-file', topicsFile, '--broker-list', '0,1', '--generate'];
  assert.match(await tools.run('reassign', plan), /Proposed partition reassignment configuration/);
  assert.match(await tools.run('reassign', ['--list']), /No partition reassignments found/);
}

/** The bytes that a broker has of a partition, as a file says. */
async function bytesOf(tools: ClusterTools, broker: number, partition: string): Promise<number> {
  const dirs = (await logDirs(tools, 'heavy')).find((entry) => entry.broker === broker)?.logDirs ?? [];
  return (
    dirs.flatMap(({ partitions }) => partitions).find((entry) => entry.partition === partition)?.size ?? 0
  );
}

const HEAVY_BYTES = 16_000_000;
const THROTTLE_BYTES_PER_SECOND = 500_000;

/** A move that a throttle makes slow: shown as under way, cancelled, and done with another throttle. */
async function throttled(tools: ClusterTools, load: (args: string[]) => Promise<void>): Promise<void> {
  const { cluster } = tools;
  await tools.run('topics', ['--create', '--topic', 'heavy', '--replica-assignment', '0']);
  await cluster.inSync('heavy');
  const size = 10_000;
  await load(['--topic', 'heavy', '--num-records', `${HEAVY_BYTES / size}`, '--record-size', `${size}`]);
  const [state] = await cluster.partitions('heavy');
  assert.ok(state !== undefined);
  const wanted = [{ ...state, replicas: [1] }];
  const file = tools.file(reassignmentJson(wanted));
  const json = ['--reassignment-json-file', file];
  const fromMs = performance.now();
  await tools.execute(wanted, ['--throttle', `${THROTTLE_BYTES_PER_SECOND}`]);
  assert.match(
    await tools.run('reassign', ['--list']),
    /heavy-0: replicas: 1,0\.\s+adding: 1\.\s+removing: 0\./,
  );
  assert.match(
    await tools.run('reassign', [...json, '--verify']),
    /Reassignment of partition heavy-0 is still in progress/,
  );
  const limits = await tools.run('configs', [
    '--describe',
    '--entity-type',
    'topics',
    '--entity-name',
    'heavy',
  ]);
  assert.match(limits, /leader\.replication\.throttled\.replicas=0:0/);
  assert.match(limits, /follower\.replication\.throttled\.replicas=0:1/);
  const copied = await bytesOf(tools, 1, 'heavy-0');
  const seconds = (performance.now() - fromMs) / 1000;
  assert.ok(copied < HEAVY_BYTES, `all was copied within ${seconds} s`);
  // Windows of a second, eleven of them, may begin with a burst.
  const allowed = THROTTLE_BYTES_PER_SECOND * (seconds + 11);
  assert.ok(copied <= allowed, `${copied} bytes within ${seconds} s`);
  assert.match(
    await tools.run('reassign', [...json, '--cancel']),
    /Successfully cancelled partition reassignment/,
  );
  await until('the move is given up', async () => (await cluster.reassigning()).length === 0);
  assert.deepEqual((await cluster.partitions('heavy'))[0]?.replicas, [0]);
  await tools.reassign(wanted, ['--throttle', '100000000']);
  assert.deepEqual((await cluster.partitions('heavy'))[0]?.isr, [1]);
  const cleared = await tools.run('configs', [
    '--describe',
    '--entity-type',
    'topics',
    '--entity-name',
    'heavy',
  ]);
  assert.doesNotMatch(cleared, /throttled/);
}

/** A replica goes to the other directory of its broker. */
async function otherDirectory(tools: ClusterTools): Promise<void> {
  const { cluster } = tools;
  const [state] = await cluster.partitions('heavy');
  const [broker] = (state?.replicas ?? []).map((id) => cluster.broker(id));
  assert.ok(state !== undefined && broker !== undefined);
  const has = (dir: string) => existsSync(join(dir, 'heavy-0'));
  const target = broker.logDirs.find((dir) => !has(dir));
  assert.ok(target !== undefined);
  const partitions = [{ topic: 'heavy', partition: 0, replicas: [broker.id], log_dirs: [target] }];
  const file = tools.file(JSON.stringify({ version: 1, partitions }));
  await tools.run('reassign', ['--reassignment-json-file', file, '--execute']);
  await until('the replica is in the other directory', async () => {
    const text = await tools.run('reassign', ['--reassignment-json-file', file, '--verify']);
    return /Reassignment of replica heavy-0-1 completed successfully/.test(text);
  });
  assert.ok(has(target));
  await until('the old directory is gone', () => broker.logDirs.filter(has).length === 1, {
    withinMs: 90_000,
  });
}

/** Leaders go back to those that come first, and to one that is not in sync when nobody else is left. */
async function elections(tools: ClusterTools, load: (args: string[]) => Promise<void>): Promise<void> {
  const { cluster } = tools;
  const broker = cluster.broker(1);
  await cluster.kill(broker);
  await cluster.unregistered(broker);
  await cluster.boot(broker);
  await cluster.inSync('many');
  const isMoved = ({ leader, replicas }: PartitionState) => leader !== replicas[0];
  assert.ok((await cluster.partitions('many')).some(isMoved), 'no leader has moved');
  const preferred = ['--election-type', 'preferred', '--all-topic-partitions'];
  assert.match(await tools.run('elect', preferred), /Successfully completed leader election \(PREFERRED\)/);
  assert.deepEqual((await cluster.partitions()).filter(isMoved), []);

  await tools.run('topics', ['--create', '--topic', 'unclean', '--replica-assignment', '0:1']);
  await tools.alterTopic('unclean', 'min.insync.replicas=1');
  await cluster.inSync('unclean');
  await cluster.kill(broker);
  await cluster.unregistered(broker);
  await load(['--topic', 'unclean', '--num-records', '100', '--record-size', '100']);
  await cluster.kill(cluster.broker(0));
  await cluster.unregistered(cluster.broker(0));
  await cluster.boot(broker);
  await until('broker 1 is registered', async () => (await cluster.registered()).includes(1));
  const only = ['--topic', 'unclean', '--partition', '0'];
  const refused = await tools.run('elect', ['--election-type', 'preferred', ...only], { mayFail: true });
  assert.match(refused, /PREFERRED_LEADER_NOT_AVAILABLE|PreferredLeaderNotAvailableException/);
  const unclean = await tools.run('elect', ['--election-type', 'unclean', ...only]);
  assert.match(unclean, /Successfully completed leader election \(UNCLEAN\) for partitions unclean-0/);
  assert.equal((await cluster.leader('unclean', 0)).id, 1);
  await cluster.boot(cluster.broker(0));
  await cluster.inSync();
}

/** Apache's own comparison of replicas, of which Kafka 4 has none, and ours: both find that all agree, and report the same. */
async function verification(context: Context, cluster: KafkaCluster): Promise<void> {
  const { toolbox } = context;
  const args = [
    ...['--broker-list', cluster.bootstrap, '--topics-include', 'many|heavy|assigned'],
    ...['--time', '-2', '--report-interval-ms', '1000', '--max-wait-ms', '200'],
  ];
  const logFile = (side: string) => join(cluster.workspace.path, `replica-verification-${side}.log`);
  const mainClass = 'org.apache.kafka.tools.ReplicaVerificationTool';
  const script = join(toolbox.root, 'bin/kafka-replica-verification.sh');
  const apache = toolbox.javaDaemon(await toolbox.apache(), mainClass, { args, logFile: logFile('apache') });
  const ours = new Daemon(process.execPath, [script, ...args], { logFile: logFile('ours') });
  const reported: string[] = [];
  try {
    for (const [side, tool] of [
      ['apache', apache],
      ['ours', ours],
    ] as const) {
      await tool.shows(/max lag is 0 for partition .* partitions/, 60_000);
      const text = readFileSync(logFile(side), 'utf8');
      assert.match(text, /^[-\d]{10} [:\d]{8},\d{3}: verification process is started$/m);
      assert.doesNotMatch(text, /match/);
      reported.push(/max lag is 0 for partition .*/.exec(text)?.[0] ?? '');
    }
    assert.equal(reported[1], reported[0]);
  } finally {
    await Promise.all([apache.stop('SIGKILL'), ours.stop('SIGKILL')]);
  }
}

async function story(context: Context, version: 'reference' | 'newest'): Promise<string> {
  const kind = context.which;
  const cluster = await KafkaCluster.start(context, {
    brokers: [kind, kind, kind],
    zookeeper: [kind],
    logDirs: 2,
    config: {
      'auto.leader.rebalance.enable': 'false',
      'log.segment.bytes': '4194304',
      'log.segment.delete.delay.ms': '1000',
    },
  });
  try {
    const tools = new ClusterTools(context, cluster, version);
    const jars = await context.toolbox.apache();
    const load = async (args: string[]) => {
      const limits = [
        '--throughput',
        '-1',
        '--producer-props',
        `bootstrap.servers=${cluster.bootstrap}`,
        'acks=all',
      ];
      await context.toolbox.javaLoad(jars, 'org.apache.kafka.tools.ProducerPerformance', [
        ...args,
        ...limits,
      ]);
    };
    const steps: readonly (readonly [string, () => Promise<void>])[] = [
      ['topics', () => topics(tools)],
      ['records', () => records(tools, 3000)],
      ['log directories', () => directories(tools)],
      ['configurations', () => configurations(tools)],
      ['reassignments', () => reassignments(tools)],
      ['throttles', () => throttled(tools, load)],
      ['the other directory', () => otherDirectory(tools)],
      ['elections', () => elections(tools, load)],
      ['replica verification', () => verification(context, cluster)],
    ];
    const failures: string[] = [];
    for (const [name, step] of steps) {
      try {
        await step();
        context.say(`${name}: as they should be`);
      } catch (error) {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        context.say(`${name}: ${text}`);
        failures.push(name);
      }
    }
    assert.deepEqual(failures, [], 'commands that did not do what they should');
    const versionsText = await tools.run('apiVersions', []);
    assert.equal(
      lines(versionsText, /^127\.0\.0\.1:\d+ \(id: [012] rack: null.*\) -> \($/).length,
      3,
      versionsText,
    );
    assert.match(await tools.run('cluster', ['cluster-id']), /Cluster ID: \S{22}\s/);
    return `${steps.map(([name]) => name).join(', ')}; ${await assertSameLogs(cluster)}`;
  } finally {
    await cluster.stop();
  }
}

const shows =
  'topics, configs, reassignments, throttles, elections, log dirs, verification: each command on three brokers';

export const kafkaClusterToolsScenarios: readonly Scenario[] = [
  {
    name: `Java tools ${versions.kafka} on a cluster`,
    shows,
    fullOnly: true,
    run: (context) => story(context, 'reference'),
  },
  {
    name: `Java tools ${versions.newKafka} on a cluster`,
    shows,
    fullOnly: true,
    run: (context) => story(context, 'newest'),
  },
];
