import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import { run } from '../../../tools/peers/process.ts';
import type { Scenario } from '../scenario.ts';

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

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
    for (const codec of codecs) {
      const batch = Array.from(
        { length: count },
        (_, i) => `${codec}-${i}\t${codec} value ${i} ${'x'.repeat(i % 300)}`,
      );
      lines.push(...batch);
      const args = ['-P', '-b', bootstrap, '-t', topic, '-z', codec, '-K', '\t', '-X', 'acks=all'];
      await run(kcat, args, { input: `${batch.join('\n')}\n` });
    }
    const read = (...args: string[]) => run(kcat, ['-C', '-b', bootstrap, '-q', '-f', '%k\t%s\n', ...args]);
    const all = await read('-t', topic, '-o', 'beginning', '-e');
    assert.deepEqual(all.stdout.trim().split('\n').sort(), lines.toSorted());
    const none = await read('-t', topic, '-o', `s@${8_640_000_000_000}`, '-e');
    assert.equal(none.stdout, '', 'nothing lies in the far future');

    const group = `${topic}-group`;
    const member = () =>
      run(kcat, [
        '-b',
        bootstrap,
        '-q',
        '-f',
        '%k\t%s\n',
        '-X',
        'auto.offset.reset=earliest',
        '-e',
        '-G',
        group,
        topic,
      ]);
    const members = await Promise.all([member(), member()]);
    const seen = members.flatMap(({ stdout }) => stdout.split('\n').filter((line) => line !== ''));
    assert.deepEqual([...new Set(seen)].sort(), lines.toSorted());

    const admin = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [topic] });
    await admin.disconnect();
    const listed = await run(kcat, ['-L', '-J', '-b', bootstrap]);
    const metadata = JSON.parse(listed.stdout) as { topics: { topic: string }[] };
    assert.ok(!metadata.topics.some((entry) => entry.topic === topic), 'the topic is still listed');
    return `${lines.length} records in ${codecs.length} codecs, group of two processes`;
  },
};
