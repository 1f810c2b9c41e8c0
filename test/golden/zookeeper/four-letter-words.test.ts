import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OpCode } from '../../../src/wire/zookeeper/op-codes.ts';
import { goldenText } from '../../support/golden.ts';
import type { RawZkClient } from '../../support/raw-zk-client.ts';
import { create, withServer, type ZkSimulation } from '../../support/zk-simulation.ts';

async function ask(zk: ZkSimulation, word: string): Promise<string> {
  const client: RawZkClient = await zk.open();
  client.write(Buffer.from(word));
  await client.closed();
  return client.received.toString();
}

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

describe('four-letter words', () => {
  for (const word of ['conf', 'crst', 'dirs', 'isro', 'ruok', 'srst', 'srvr', 'wchc', 'wchp', 'wchs']) {
    it(`${word} is answered in Apache's format`, async () => {
      await withServer(WITH_ALL, async (zk) => {
        await prepare(zk);
        const answer = await ask(zk, word);
        assert.equal(shape(answer), shape(goldenText(`zookeeper/sessions/4lw/${word}.txt`)));
      });
    });
  }

  it("stat and cons list the connections in Apache's format, whatever their order", async () => {
    const sortedShape = (text: string) => shape(text).split('\n').sort();
    await withServer(WITH_ALL, async (zk) => {
      await prepare(zk);
      for (const word of ['stat', 'cons']) {
        const wanted = goldenText(`zookeeper/sessions/4lw/${word}.txt`);
        assert.deepEqual(sortedShape(await ask(zk, word)), sortedShape(wanted), word);
      }
    });
  });

  it('dump shows sessions, ephemerals and connections with the lines that Apache has', async () => {
    await withServer(WITH_ALL, async (zk) => {
      await prepare(zk);
      const lines = shape(await ask(zk, 'dump')).split('\n');
      const wanted = new Set(shape(goldenText('zookeeper/sessions/4lw/dump.txt')).split('\n'));
      assert.deepEqual(
        lines.filter((line) => !wanted.has(line)),
        [],
      );
      for (const line of ['N expire at DATE:', '\tHEX', '\t/alfa/eN', '\tip: /ADDRESS sessionId: HEX']) {
        assert.ok(lines.includes(line), `no line ${line} in ${lines.join('\n')}`);
      }
    });
  });

  it('mntr has values under names that Apache has, true ones', async () => {
    await withServer(WITH_ALL, async (zk) => {
      await prepare(zk);
      const keysOf = (text: string) => text.trimEnd().split('\n').map((line) => line.split('\t')[0] ?? '');
      const answer = await ask(zk, 'mntr');
      const wanted = new Set(keysOf(goldenText('zookeeper/sessions/4lw/mntr.txt')));
      assert.deepEqual(
        keysOf(answer).filter((key) => !wanted.has(key)),
        [],
      );
      const values = new Map(answer.trimEnd().split('\n').map((line) => line.split('\t') as [string, string]));
      assert.equal(values.get('zk_znode_count'), '8');
      assert.equal(values.get('zk_watch_count'), '1');
      assert.equal(values.get('zk_ephemerals_count'), '1');
      assert.equal(values.get('zk_num_alive_connections'), '2');
      assert.equal(values.get('zk_server_state'), 'standalone');
    });
  });

  it('other than srvr are refused unless they are on the whitelist', async () => {
    await withServer({ fourLetterWhitelist: ['ruok'] }, async (zk) => {
      assert.equal(await ask(zk, 'ruok'), 'imok');
      assert.match(await ask(zk, 'srvr'), /^Zookeeper version: /);
      assert.equal(await ask(zk, 'mntr'), 'mntr is not executed because it is not in the whitelist.\n');
    });
  });

  it('that nobody knows close the connection without a word', async () => {
    await withServer(WITH_ALL, async (zk) => {
      assert.equal(await ask(zk, 'xyzw'), '');
    });
  });
});
