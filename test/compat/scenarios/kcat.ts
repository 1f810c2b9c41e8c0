import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Kafka, logLevel } from 'kafkajs';
import { Daemon, run } from '../../../tools/peers/process.ts';
import { Workspace } from '../../../tools/workspace.ts';
import type { Scenario } from '../scenario.ts';

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/** Two kcat processes in one group: partitions go 6 -> 3+3 -> 6, and every line is read. */
async function shareByKcat(
  kcat: string,
  names: { bootstrap: string; topic: string; lines: readonly string[] },
): Promise<void> {
  const { bootstrap, topic, lines } = names;
  const workspace = new Workspace();
  const outputs: string[] = [];
  const join = () => {
    const args = ['-b', bootstrap, '-f', '%k\t%s\n', '-u', '-X', 'auto.offset.reset=earliest'];
    const outputFile = workspace.file(`member-${outputs.length}.txt`, '');
    outputs.push(outputFile);
    return new Daemon(kcat, [...args, '-G', `${topic}-group`, topic], {
      logFile: `${outputFile}.log`,
      outputFile,
    });
  };
  /** The last assignment that a member reports. */
  const owns = (count: number) =>
    new RegExp(`assigned: (?:\\S+ \\[\\d\\](?:, )?){${count}}\\n(?![\\s\\S]*assigned: )`);
  const seen = () => new Set(outputs.flatMap((path) => readFileSync(path, 'utf8').split('\n').slice(0, -1)));
  const members = [join()];
  try {
    await members[0]?.shows(owns(6), 30_000);
    members.push(join());
    await Promise.all(members.map((running) => running.shows(owns(3), 30_000)));
    await members[1]?.stop();
    await members[0]?.shows(owns(6), 30_000);
    const deadline = performance.now() + 60_000;
    while (seen().size < lines.length && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual([...seen()].sort(), lines.toSorted());
  } finally {
    await Promise.all(members.map((running) => running.stop()));
    workspace.remove();
  }
}

/** kcat on librdkafka: auto-created topic, every codec, group of two processes, reading by offset and time. */
export const kcatScenario: Scenario = {
  name: 'kcat (librdkafka)',
  shows: 'auto-creation, all codecs, group with a rebalance, offsets by time',
  async run(context) {
    const kcat = await context.toolbox.kcat();
    const { bootstrap } = await context.shared();
    const topic = `kcat-${randomUUID().slice(0, 8)}`;
    const count = context.quick ? 100 : 2000;
    const lines: string[] = [];
    const admin = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    for (const codec of codecs) {
      const batch = Array.from(
        { length: count },
        (_, i) => `${codec}-${i}\t${codec} value ${i} ${'x'.repeat(i % 300)}`,
      );
      lines.push(...batch);
      const args = ['-P', '-b', bootstrap, '-t', topic, '-z', codec, '-K', '\t', '-X', 'acks=all'];
      await run(kcat, args, { input: `${batch.join('\n')}\n` });
      if (codec === 'none') await admin.createPartitions({ topicPartitions: [{ topic, count: 6 }] });
    }
    const read = (...args: string[]) => run(kcat, ['-C', '-b', bootstrap, '-q', '-f', '%k\t%s\n', ...args]);
    const all = await read('-t', topic, '-o', 'beginning', '-e');
    assert.deepEqual(all.stdout.trim().split('\n').sort(), lines.toSorted());
    const none = await read('-t', topic, '-o', `s@${8_640_000_000_000}`, '-e');
    assert.equal(none.stdout, '', 'nothing lies in the far future');

    await shareByKcat(kcat, { bootstrap, topic, lines });
    await admin.deleteTopics({ topics: [topic] });
    await admin.disconnect();
    const listed = await run(kcat, ['-L', '-J', '-b', bootstrap]);
    const metadata = JSON.parse(listed.stdout) as { topics: { topic: string }[] };
    assert.ok(!metadata.topics.some((entry) => entry.topic === topic), 'the topic is still listed');
    return `${lines.length} records in ${codecs.length} codecs, rebalance 6 -> 3+3 -> 6`;
  },
};
