import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { batchesIn, type RecordBatch } from '../../../src/wire/kafka/records/batch.ts';
import { readBatch } from '../../../src/wire/kafka/records/records.ts';
import {
  freePorts,
  startApacheBroker,
  startApacheZooKeeper,
  startOurBroker,
} from '../../../tools/peers/targets.ts';
import { versions } from '../../../tools/peers/toolbox.ts';
import { until } from '../../../tools/until.ts';
import { Workspace } from '../../../tools/workspace.ts';
import type { Context, Scenario } from '../scenario.ts';

const COMPACTED = ['changes', 'ledger', 'sessions'];
const KEYS = 10_000;

/** Nothing is cleaned or deleted while the topics are filled. */
const ASLEEP = { 'log.cleaner.enable': 'false', 'log.initial.task.delay.ms': '3600000' };
const AWAKE = {
  'log.cleaner.backoff.ms': '200',
  'log.initial.task.delay.ms': '200',
  'log.retention.check.interval.ms': '500',
  'log.segment.delete.delay.ms': '0',
  'file.delete.delay.ms': '0',
};

function segmentsOf(logDir: string, topic: string): string[] {
  const names = readdirSync(join(logDir, `${topic}-0`)).filter((name) => name.endsWith('.log'));
  return names.sort().map((name) => join(logDir, `${topic}-0`, name));
}

function* batchesOf(logDir: string, topic: string): Generator<RecordBatch, void> {
  for (const path of segmentsOf(logDir, topic)) {
    for (const batch of batchesIn(readFileSync(path))) {
      batch.ensureValid();
      yield batch;
    }
  }
}

/** Every record that is left, and the batches around them, as far as they do not tell the time of the cleaning. */
function contentOf(logDir: string, topic: string): { records: string[]; batches: string[] } {
  const records: string[] = [];
  const batches: string[] = [];
  for (const batch of batchesOf(logDir, topic)) {
    const { baseOffset, lastOffset, count, producerId, producerEpoch, baseSequence, maxTimestamp } = batch;
    const kinds = [batch.isControl, batch.isTransactional, batch.deleteHorizonMs !== undefined];
    const producer = `${producerId} ${producerEpoch} ${baseSequence}`;
    batches.push(
      `${baseOffset}-${lastOffset} ${count} ${batch.compression} ${producer} ${maxTimestamp} ${kinds.join(' ')}`,
    );
    for (const { offset, timestamp, key, value } of readBatch(batch)) {
      const text = value === null ? 'null' : createHash('md5').update(value).digest('hex');
      records.push(`${offset} ${timestamp} ${key?.toString('latin1')} ${text}`);
    }
  }
  return { records, batches };
}

function cleanedOffsets(logDir: string): Map<string, number> {
  const path = join(logDir, 'cleaner-offset-checkpoint');
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(2) : [];
  return new Map(
    lines.map((line): [string, number] => {
      const [topic = '', , offset] = line.split(' ');
      return [topic, Number(offset)];
    }),
  );
}

/** Up to where each topic has to be cleaned: everything but the active segment, and no open transaction. */
async function awaitCleaned(logDir: string): Promise<void> {
  let last = '';
  let since = performance.now();
  const isCleaned = () => {
    const cleaned = cleanedOffsets(logDir);
    const [active = ''] = segmentsOf(logDir, 'changes').slice(-1);
    const isAtEnd = cleaned.get('changes') === Number(active.slice(-24, -4));
    const state = JSON.stringify([...cleaned, ...COMPACTED.map((topic) => segmentsOf(logDir, topic))]);
    if (state !== last) since = performance.now();
    last = state;
    const isQuiet = performance.now() - since > 4000;
    return isAtEnd && COMPACTED.every((topic) => cleaned.has(topic)) && isQuiet;
  };
  await until('the cleaner has been through all topics', isCleaned, { withinMs: 300_000, everyMs: 100 });
}

/** Of each key the last update, found by going through the log once: what must be left whatever else is. */
function lastOfEachKey(records: readonly string[]): Map<string, string> {
  const last = new Map<string, string>();
  for (const record of records) {
    const [, , key = ''] = record.split(' ');
    last.set(key, record);
  }
  return last;
}

const compaction: Scenario = {
  name: `compaction and retention as Apache ${versions.kafka}`,
  shows:
    'a million updates of 10,000 keys, transactions, deletions, compact+delete, retention by age and size: the ' +
    'same records are left, batch by batch',
  fullOnly: true,
  async run(context) {
    const workspace = new Workspace();
    const [zookeeperPort = 0, port = 0] = await freePorts(2);
    const zookeeper = `127.0.0.1:${zookeeperPort}`;
    const count = context.quick ? 100_000 : 1_000_000;
    const server = await startApacheZooKeeper(context.toolbox, {
      dataDir: workspace.dir('zookeeper'),
      port: zookeeperPort,
      workspace,
    });
    /** Serves a directory while `work` goes on. */
    const serve = async (
      who: 'apache' | 'ours',
      logDir: string,
      config: Record<string, string>,
      work: () => Promise<void>,
    ) => {
      const start = who === 'apache' ? startApacheBroker : startOurBroker;
      const broker = await start(context.toolbox, { logDir, port, zookeeper, workspace, config });
      await work().finally(() => broker.stop());
    };
    const load = (...args: string[]) => fill(context, [`127.0.0.1:${port}`, ...args]);
    try {
      const original = workspace.dir('original');
      await serve('apache', original, ASLEEP, async () => {
        await load('create');
        await load('changes', `${count}`, '1');
        await load('aged');
        await load('transactions', context.quick ? '60' : '600');
      });
      const dirs = { apache: join(workspace.path, 'apache'), ours: join(workspace.path, 'ours') };
      for (const dir of Object.values(dirs)) cpSync(original, dir, { recursive: true });
      const before = contentOf(original, 'changes').records;
      assert.equal(before.length, count);
      const seconds = { apache: 0, ours: 0 };
      for (const who of ['apache', 'ours'] as const) {
        const began = performance.now();
        await serve(who, dirs[who], AWAKE, () => awaitCleaned(dirs[who]));
        seconds[who] = (performance.now() - began) / 1000;
      }
      const left = compare(dirs, 'cleaned once');
      checkLast(before, contentOf(dirs.ours, 'changes').records);
      // Tombstones are older than their retention now, and go with the next cleaning.
      for (const who of ['apache', 'ours'] as const) {
        await serve(who, dirs[who], AWAKE, async () => {
          await load('changes', `${count / 10}`, '2');
          await awaitCleaned(dirs[who]);
        });
      }
      const again = compare(dirs, 'cleaned twice', { anyProducer: true });
      return (
        `${count} updates, ${left.changes} records left by both, ${left.ledger} of transactions; ` +
        `${again.changes} after ${count / 10} more; cleaned in ${seconds.apache.toFixed(0)} s by Apache's broker, ` +
        `${seconds.ours.toFixed(0)} s by ours, starts and stops included`
      );
    } finally {
      await server.stop();
      workspace.remove();
    }
  },
};

async function fill(context: Context, args: string[]): Promise<void> {
  const jars = await context.toolbox.apache();
  const source = 'test/compat/java/CompactionLoad.java';
  const classPath = await context.toolbox.compileJava('CompactionLoad', jars, [source]);
  const { stdout } = await context.toolbox.javaLoad(classPath, 'CompactionLoad', args);
  assert.match(stdout, /done/, `CompactionLoad ${args.join(' ')}`);
}

function compare(
  dirs: { readonly apache: string; readonly ours: string },
  when: string,
  { anyProducer = false }: { readonly anyProducer?: boolean } = {},
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const topic of [...COMPACTED, 'by-age', 'by-size']) {
    const apache = contentOf(dirs.apache, topic);
    const ours = contentOf(dirs.ours, topic);
    assert.deepEqual(ours.records, apache.records, `${topic}, ${when}: records`);
    counts[topic] = ours.records.length;
    // Each broker has numbered the producers of the second load itself.
    if (anyProducer) continue;
    assert.deepEqual(ours.batches, apache.batches, `${topic}, ${when}: batches`);
    const names = (dir: string) => segmentsOf(dir, topic).map((path) => path.slice(-24));
    if (topic !== 'sessions') assert.deepEqual(names(dirs.ours), names(dirs.apache), `${topic}, ${when}`);
  }
  return counts;
}

/** No key's last value may go, and all that is left was there before. */
function checkLast(before: readonly string[], after: readonly string[]): void {
  const there = new Set(after);
  const last = lastOfEachKey(before);
  assert.equal(last.size, KEYS);
  for (const record of last.values()) assert.ok(there.has(record), `${record} is lost`);
  const known = new Set(before);
  for (const record of after) assert.ok(known.has(record), `${record} is new`);
}

export const compactionScenarios: readonly Scenario[] = [compaction];
