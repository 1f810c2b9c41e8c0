import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { versions } from '../../../tools/peers/toolbox.ts';
import type { Context, Scenario } from '../scenario.ts';

interface Classes {
  console: string;
  apiVersions: string;
  /** Absent where the class is not in the tools' own jar. */
  configs?: string;
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
    shows: 'topics, console producer and consumer, groups, offsets, log dirs, perf test',
    async run(context) {
      const classPath = await classPathOf(context);
      const { bootstrap } = await context.shared();
      const topic = `tools-${randomUUID().slice(0, 8)}`;
      const group = `${topic}-group`;
      const scratch = mkdtempSync(join(tmpdir(), 'streamkeeper-tools-'));
      const tool = async (mainClass: string, args: string[], input?: string) => {
        const all = ['--bootstrap-server', bootstrap, ...args];
        const { stdout } = await context.toolbox.java(
          classPath,
          mainClass,
          all,
          input === undefined ? {} : { input },
        );
        return stdout;
      };
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
        const described = await groups('--describe', '--group', group);
        const lags = described.split('\n').filter((line) => line.startsWith(group));
        assert.equal(lags.length, 6, described);
        for (const line of lags) assert.equal(line.split(/\s+/)[5], '0', line);
        assert.match(await groups('--list'), new RegExp(`^${group}$`, 'm'));
        if (!context.quick) await more(tool, groups, { topic, group, scratch, classes });
        await groups('--delete', '--group', group);
        await topics('--delete', '--topic', topic);
        assert.doesNotMatch(await topics('--list'), new RegExp(`^${topic}$`, 'm'));
        return `1000 lines in 5 codecs${context.quick ? '' : ', offsets reset, records deleted, configs, perf test'}`;
      } finally {
        rmSync(scratch, { recursive: true, force: true });
      }
    },
  };
}

/** The rarer tools. */
async function more(
  tool: (mainClass: string, args: string[]) => Promise<string>,
  groups: (...args: string[]) => Promise<string>,
  names: { topic: string; group: string; scratch: string; classes: Classes },
): Promise<void> {
  const { topic, group, scratch, classes } = names;
  const offsets = await tool(`${tools}.GetOffsetShell`, ['--topic', topic]);
  const total = offsets
    .trim()
    .split('\n')
    .reduce((sum, line) => sum + Number(line.split(':')[2]), 0);
  assert.equal(total, 1000, offsets);
  const reset = await groups(
    '--reset-offsets',
    '--to-earliest',
    '--execute',
    '--group',
    group,
    '--topic',
    topic,
  );
  assert.equal(reset.split('\n').filter((line) => line.startsWith(group)).length, 6, reset);
  const file = join(scratch, 'delete.json');
  writeFileSync(file, JSON.stringify({ version: 1, partitions: [{ topic, partition: 0, offset: 5 }] }));
  assert.match(await tool(`${tools}.DeleteRecordsCommand`, ['--offset-json-file', file]), /low_watermark: 5/);
  assert.match(
    await tool(`${tools}.LogDirsCommand`, ['--describe', '--topic-list', topic]),
    new RegExp(`"${topic}-5"`),
  );
  assert.match(await tool(classes.apiVersions, []), /Produce\(0\): \d+ to 1\d/);
  if (classes.configs !== undefined) {
    const entity = ['--entity-type', 'topics', '--entity-name', topic];
    await tool(classes.configs, ['--alter', '--add-config', 'segment.bytes=1048576', ...entity]);
    assert.match(await tool(classes.configs, ['--describe', ...entity]), /segment\.bytes=1048576/);
  }
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
  }),
  {
    name: `ZooKeeper ${versions.zookeeper} shell (Java)`,
    shows: 'zkCli commands',
    async run(context) {
      const { zookeeper } = await context.shared();
      const classPath = await context.toolbox.apache();
      const root = `/shell-${randomUUID().slice(0, 8)}`;
      const commands = [
        `create ${root} one`,
        `create -s ${root}/s two`,
        `create -c ${root}/c`,
        `create -t 60000 ${root}/t ttl`,
        `set ${root} three`,
        `get -s ${root}`,
        `ls -R ${root}`,
        `stat ${root}`,
        `getAcl ${root}`,
        `addauth digest kim:secret`,
        `setAcl ${root}/c auth::cdrwa`,
        `getAcl ${root}/c`,
        `getAllChildrenNumber ${root}`,
        `sync ${root}`,
        'whoami',
        `deleteall ${root}`,
        `ls /`,
        'quit',
      ];
      const main = 'org.apache.zookeeper.ZooKeeperMain';
      const shell = await context.toolbox.java(classPath, main, ['-server', zookeeper], {
        input: `${commands.join('\n')}\n`,
        mayFail: true,
      });
      for (const part of ['three', 'dataVersion = 1', `${root}/s0000000000`, `'digest,'kim:`, 'Sync is OK']) {
        assert.ok(
          (shell.stdout + shell.stderr).includes(part),
          `${part} is missing in:\n${shell.stdout}\n${shell.stderr}`,
        );
      }
      return `${commands.length} commands`;
    },
  },
];
