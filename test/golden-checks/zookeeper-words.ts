import assert from 'node:assert/strict';
import { OpCode } from '../../src/wire/zookeeper/op-codes.ts';
import type { RawZkClient } from '../support/raw-zk-client.ts';
import { create, withServer, type ZkSimulation } from '../support/zk-simulation.ts';
import type { GoldenCheck } from './check.ts';

/** What is left of an answer when everything is taken out that differs between any two runs. */
function shape(text: string): string {
  return text
    .replace(/version: [^\n]*/g, 'version: V')
    .replace(/\/[0-9.]+:\d+/g, '/ADDRESS')
    .replace(/\w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4}/g, 'DATE')
    .replace(/\/data\S*/g, 'DIR')
    .replace(/0x[0-9a-f]+/g, 'HEX')
    .replace(/\d+\.\d+/g, 'DOUBLE')
    .replace(/\d+/g, 'N');
}

/** The state in which the captured server was asked. */
async function prepare(zk: ZkSimulation): Promise<RawZkClient> {
  const client = await zk.client(6000);
  await client.call(OpCode.create, create('/alfa'));
  await client.call(OpCode.create, create('/alfa/w4'));
  await client.call(OpCode.getData, { path: '/alfa/w4', watch: true });
  await client.call(OpCode.create, create('/alfa/e4', '', 1));
  return client;
}

const WITH_ALL = { fourLetterWhitelist: ['*'], tickTimeMs: 500 };

/** Compares one answer of our server with Apache's in the same state. */
type Compare = (answer: string, wanted: string) => void;

const sameShape: Compare = (answer, wanted) => assert.equal(shape(answer), shape(wanted));

/** Connections are listed in any order. */
const sameLines: Compare = (answer, wanted) =>
  assert.deepEqual(shape(answer).split('\n').sort(), shape(wanted).split('\n').sort());

/** Sessions, ephemerals and connections with the lines that Apache has. */
const dumpLines: Compare = (answer, wanted) => {
  const lines = shape(answer).split('\n');
  const known = new Set(shape(wanted).split('\n'));
  assert.deepEqual(
    lines.filter((line) => !known.has(line)),
    [],
  );
  for (const line of ['N expire at DATE:', '\tHEX', '\t/alfa/eN', '\tip: /ADDRESS sessionId: HEX']) {
    assert.ok(lines.includes(line), `no line ${line} in ${lines.join('\n')}`);
  }
};

/** True values under names that Apache has. */
const metrics: Compare = (answer, wanted) => {
  const linesOf = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
  const known = new Set(linesOf(wanted).map(([key]) => key));
  assert.deepEqual(
    linesOf(answer).filter(([key]) => !known.has(key)),
    [],
  );
  const values = new Map(linesOf(answer).map(([key, value]) => [key, value]));
  assert.equal(values.get('zk_znode_count'), '8');
  assert.equal(values.get('zk_watch_count'), '1');
  assert.equal(values.get('zk_ephemerals_count'), '1');
  assert.equal(values.get('zk_num_alive_connections'), '2');
  assert.equal(values.get('zk_server_state'), 'standalone');
};

const WORDS: Readonly<Record<string, Compare>> = {
  ...Object.fromEntries(
    ['conf', 'crst', 'dirs', 'isro', 'ruok', 'srst', 'srvr', 'wchc', 'wchp', 'wchs'].map((word) => [
      word,
      sameShape,
    ]),
  ),
  stat: sameLines,
  cons: sameLines,
  dump: dumpLines,
  mntr: metrics,
  // Nobody knows it: the connection is closed without a word.
  xyzw: sameShape,
};

const wordOf = (path: string) => /^zookeeper\/sessions\/4lw\/(\w+)\.txt$/.exec(path)?.[1] ?? '';

/** Four-letter words, answered in Apache's format. */
export const zookeeperWords: GoldenCheck = {
  name: 'ZooKeeper four-letter words',
  matches: (path) => wordOf(path) in WORDS,
  *cases(file) {
    const word = wordOf(file.path);
    yield {
      label: word,
      run: () =>
        withServer(WITH_ALL, async (zk) => {
          await prepare(zk);
          WORDS[word]?.(await zk.ask(word), file.text());
        }),
    };
  },
};
