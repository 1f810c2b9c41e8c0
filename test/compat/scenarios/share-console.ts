import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createAdmin } from '../../../src/clients/kafka/index.ts';
import { ApacheKraft } from '../../../tools/peers/apache-kraft.ts';
import { run } from '../../../tools/peers/process.ts';
import { Workspace } from '../../../tools/workspace.ts';
import type { Context, Scenario } from '../scenario.ts';

const APACHE = 'org.apache.kafka.tools.consumer.ConsoleShareConsumer';
/** What Apache's network client logs while it waits for the coordinator. */
const withoutLog = (text: string) =>
  text.replace(/^\[.*?\] (INFO|WARN) .*\n/gm, '').replace(/^log4j.*\n|^SLF4J.*\n/gm, '');

/** Apache's console of share groups and ours take turns in one group, then show the same of themselves. */
async function takeTurns(context: Context): Promise<string> {
  const workspace = new Workspace('share-console');
  try {
    const peer = await ApacheKraft.start(context.toolbox, workspace);
    try {
      const { bootstrap } = peer;
      await using admin = createAdmin({ bootstrapServers: bootstrap });
      await admin.createTopics([{ name: 'jobs', partitions: 1, replicationFactor: 1 }]);
      const earliest = { name: 'share.auto.offset.reset', operation: 'SET', value: 'earliest' } as const;
      await admin.incrementalAlterConfigs([{ type: 'GROUP', name: 'workers', changes: [earliest] }]);
      const ours = (command: string, args: readonly string[], input?: string) =>
        run(process.execPath, [join(context.toolbox.root, `bin/${command}.sh`), ...args], {
          mayFail: true,
          ...(input === undefined ? {} : { input }),
        });
      const at = ['--bootstrap-server', bootstrap];
      const lines = Array.from({ length: 40 }, (_, index) => `job ${index}\n`).join('');
      await ours('kafka-console-producer', [...at, '--topic', 'jobs'], lines);
      const args = [
        ...[...at, '--topic', 'jobs', '--group', 'workers', '--max-messages', '10'],
        ...['--formatter-property', 'print.offset=true', '--formatter-property', 'print.delivery=true'],
      ];
      const seen: string[] = [];
      for (const turn of [1, 2]) {
        const mine = await ours('kafka-console-share-consumer', args);
        assert.equal(mine.code, 0, mine.stderr);
        assert.equal(mine.stderr, 'Processed a total of 10 messages\n');
        const theirs = await peer.tool(APACHE, args.slice(at.length));
        seen.push(...mine.stdout.trimEnd().split('\n'), ...theirs.trimEnd().split('\n'));
        context.say(`turn ${turn}: ${seen.length} records`);
      }
      // What one of them fetched and gave back comes again with a higher count.
      const jobs = new Set(seen.map((line) => line.split('\t')[2]));
      assert.equal(jobs.size, 40, seen.join('\n'));
      assert.equal(seen.length, 40);
      const classPath = await context.toolbox.newKafka();
      for (const wrong of [['--help'], ['--nope'], at, [...at, '--topic', 'a', '--reject', '--release']]) {
        const mine = await ours('kafka-console-share-consumer', wrong);
        const theirs = await context.toolbox.javaTool(classPath, APACHE, wrong);
        assert.equal(mine.code, theirs.code);
        assert.equal(mine.stderr, withoutLog(theirs.stderr));
      }
      return '40 records in turns of 10, each once; the same help and refusals';
    } finally {
      await peer.stop('SIGKILL');
    }
  } finally {
    workspace.remove();
  }
}

export const shareConsoleScenario: Scenario = {
  name: "our console of share groups beside Apache's, on 4.3",
  shows: 'kafka-console-share-consumer takes, prints and acknowledges what no other member has',
  run: takeTurns,
};
