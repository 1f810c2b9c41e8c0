import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { versions } from '../../../tools/peers/toolbox.ts';
import { Workspace } from '../../../tools/workspace.ts';
import type { Context, Scenario } from '../scenario.ts';

interface Classes {
  console: string;
  apiVersions: string;
  configs: string;
}

const tools = 'org.apache.kafka.tools';

/** Java's command-line classes, as the shell scripts run them. */
function javaTools(
  version: string,
  classPathOf: (context: Context) => Promise<string>,
  classes: Classes,
): Scenario {
  return {
    name: `command-line tools ${version} (Java)`,
    shows: 'topics, console producer and consumer, a group with a rebalance, offsets, log dirs, load tools',
    async run(context) {
      const classPath = await classPathOf(context);
      const { bootstrap } = await context.shared();
      const topic = `tools-${randomUUID().slice(0, 8)}`;
      const group = `${topic}-group`;
      const workspace = new Workspace('tools');
      const scratch = workspace.path;
      const plain = async (mainClass: string, args: string[], input = '') =>
        (await context.toolbox.java(classPath, mainClass, args, { input })).stdout;
      const tool = (mainClass: string, args: string[], input?: string) =>
        plain(mainClass, ['--bootstrap-server', bootstrap, ...args], input);
      const topics = (...args: string[]) => tool(`${tools}.TopicCommand`, args);
      const groups = (...args: string[]) => tool(`${tools}.consumer.group.ConsumerGroupCommand`, args);
      try {
        const create = [
          '--create',
          '--topic',
          topic,
          '--partitions',
          '3',
          '--config',
          'retention.ms=3600000',
        ];
        assert.match(await topics(...create, '--replication-factor', '1'), /Created topic/);
        await topics('--alter', '--topic', topic, '--partitions', '6');
        assert.match(
          await topics('--describe', '--topic', topic),
          /PartitionCount: 6.*retention\.ms=3600000/s,
        );
        const lines = Array.from({ length: 200 }, (_, i) => `line ${i}`);
        for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
          const text = lines.map((line) => `${codec} ${line}\n`).join('');
          await tool(classes.console, ['--topic', topic, '--compression-codec', codec], text);
        }
        const consume = ['--topic', topic, '--group', group, '--from-beginning', '--max-messages', '1000'];
        const read = await tool(`${tools}.consumer.ConsoleConsumer`, [...consume, '--timeout-ms', '20000']);
        assert.equal(new Set(read.trim().split('\n')).size, 1000);
        await shareByConsole(context, classPath, { bootstrap, topic, group, scratch, groups });
        const described = await groups('--describe', '--group', group);
        const lags = described.split('\n').filter((line) => line.startsWith(group));
        assert.equal(lags.length, 6, described);
        for (const line of lags) assert.equal(line.split(/\s+/)[5], '0', line);
        assert.match(await groups('--list'), new RegExp(`^${group}$`, 'm'));
        if (!context.quick) {
          await more(tool, groups, { topic, group, scratch, classes });
          await loadTools(plain, { bootstrap, topic: `${topic}-load` });
        }
        await groups('--delete', '--group', group);
        await topics('--delete', '--topic', topic);
        assert.doesNotMatch(await topics('--list'), new RegExp(`^${topic}$`, 'm'));
        return `1000 lines in 5 codecs, rebalance 6 -> 3+3 -> 6${context.quick ? '' : ', offsets reset, records deleted, load tools'}`;
      } finally {
        workspace.remove();
      }
    },
  };
}

/** Starts a second console consumer in the group and ends it again: partitions go 6 -> 3+3 -> 6. */
async function shareByConsole(
  context: Context,
  classPath: string,
  names: {
    bootstrap: string;
    topic: string;
    group: string;
    scratch: string;
    groups: (...args: string[]) => Promise<string>;
  },
): Promise<void> {
  const { bootstrap, topic, group, scratch, groups } = names;
  const start = (member: string) =>
    context.toolbox.javaDaemon(classPath, `${tools}.consumer.ConsoleConsumer`, {
      args: ['--bootstrap-server', bootstrap, '--topic', topic, '--group', group],
      logFile: join(scratch, `${member}.log`),
    });
  /** Partitions of each member, as the group command counts them. */
  const until = async (expected: string) => {
    for (let tries = 0; ; tries += 1) {
      const text = await groups('--describe', '--members', '--group', group);
      const members = text.split('\n').filter((line) => line.startsWith(group));
      const counts = members.map((line) => line.trim().split(/\s+/).at(-1)).join('+');
      if (counts === expected) return;
      assert.ok(tries < 20, `partitions ${expected} expected in:\n${text}`);
    }
  };
  const running = [start('first')];
  try {
    await until('6');
    running.push(start('second'));
    await until('3+3');
    await running[1]?.stop();
    await until('6');
  } finally {
    await Promise.all(running.map((consumer) => consumer.stop()));
  }
}

/** The rarer tools. */
async function more(
  tool: (mainClass: string, args: string[]) => Promise<string>,
  groups: (...args: string[]) => Promise<string>,
  names: { topic: string; group: string; scratch: string; classes: Classes },
): Promise<void> {
  const { topic, group, scratch, classes } = names;
  const offsets = await tool(`${tools}.GetOffsetShell`, ['--topic', topic]);
  const ends = offsets
    .trim()
    .split('\n')
    .map((line) => ({ partition: Number(line.split(':')[1]), end: Number(line.split(':')[2]) }));
  assert.equal(
    ends.reduce((sum, { end }) => sum + end, 0),
    1000,
    offsets,
  );
  const reset = await groups(
    '--reset-offsets',
    '--to-earliest',
    '--execute',
    '--group',
    group,
    '--topic',
    topic,
  );
  // The command of 3.9 prints its rows one after the other on one line.
  const rows = reset.match(new RegExp(`${group}\\s+${topic}\\s+\\d\\s+0\\b`, 'g'));
  assert.equal(rows?.length, 6, reset);
  const file = join(scratch, 'delete.json');
  // Lines without a key go to a partition in batches, so that one partition may have got none.
  const { partition } = ends.find(({ end }) => end >= 5) ?? { partition: 0 };
  writeFileSync(file, JSON.stringify({ version: 1, partitions: [{ topic, partition, offset: 5 }] }));
  assert.match(await tool(`${tools}.DeleteRecordsCommand`, ['--offset-json-file', file]), /low_watermark: 5/);
  assert.match(
    await tool(`${tools}.LogDirsCommand`, ['--describe', '--topic-list', topic]),
    new RegExp(`"${topic}-5"`),
  );
  assert.match(await tool(classes.apiVersions, []), /Produce\(0\): \d+ to 1\d/);
  const entity = ['--entity-type', 'topics', '--entity-name', topic];
  await tool(classes.configs, ['--alter', '--add-config', 'segment.bytes=1048576', ...entity]);
  assert.match(await tool(classes.configs, ['--describe', ...entity]), /segment\.bytes=1048576/);
}

/** The tools that make load, each to its end with every record accounted for. */
async function loadTools(
  plain: (mainClass: string, args: string[]) => Promise<string>,
  names: { bootstrap: string; topic: string },
): Promise<void> {
  const { bootstrap, topic } = names;
  const at = ['--bootstrap-server', bootstrap, '--topic', topic];
  assert.match(
    await plain(`${tools}.ClusterTool`, ['cluster-id', '--bootstrap-server', bootstrap]),
    /Cluster ID: \S{22}\s/,
  );
  const performance = [
    '--topic',
    topic,
    '--num-records',
    '5000',
    '--record-size',
    '500',
    '--throughput',
    '-1',
  ];
  const properties = [
    '--producer-props',
    `bootstrap.servers=${bootstrap}`,
    'acks=all',
    'compression.type=lz4',
  ];
  const produced = await plain(`${tools}.ProducerPerformance`, [...performance, ...properties]);
  assert.match(produced, /^5000 records sent/m);
  const consumed = await plain(`${tools}.ConsumerPerformance`, [
    ...at,
    '--messages',
    '5000',
    '--hide-header',
  ]);
  assert.equal(consumed.trim().split('\n').at(-1)?.split(', ')[4], '5000', consumed);
  const verified = await plain(`${tools}.VerifiableProducer`, [...at, '--max-messages', '500']);
  assert.match(verified, /"sent":500,.*"acked":500/);
  const verifiable = [...at, '--group-id', `${topic}-verifiable`, '--max-messages', '5500'];
  const events = await plain(`${tools}.VerifiableConsumer`, [...verifiable, '--reset-policy', 'earliest']);
  const consumedCounts = events
    .split('\n')
    .filter((line) => line.includes('records_consumed'))
    .map((line) => (JSON.parse(line) as { count: number }).count);
  assert.equal(
    consumedCounts.reduce((sum, count) => sum + count, 0),
    5500,
    events,
  );
  const latency = await plain(`${tools}.EndToEndLatency`, [bootstrap, topic, '100', 'all', '100']);
  assert.match(latency, /Avg latency: \d/);
  await plain(`${tools}.TopicCommand`, ['--bootstrap-server', bootstrap, '--delete', '--topic', topic]);
}

export const javaToolsScenarios: readonly Scenario[] = [
  javaTools(versions.kafka, (context) => context.toolbox.apache(), {
    console: 'kafka.tools.ConsoleProducer',
    apiVersions: 'kafka.admin.BrokerApiVersionsCommand',
    configs: 'kafka.admin.ConfigCommand',
  }),
  javaTools(versions.newKafka, (context) => context.toolbox.newKafka(), {
    console: `${tools}.ConsoleProducer`,
    apiVersions: `${tools}.BrokerApiVersionsCommand`,
    configs: 'kafka.admin.ConfigCommand',
  }),
];
