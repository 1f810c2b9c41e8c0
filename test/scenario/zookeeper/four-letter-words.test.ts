import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withServer, type ZkSimulation } from '../../support/zk-simulation.ts';

async function ask(zk: ZkSimulation, word: string): Promise<string> {
  const client = await zk.open();
  client.write(Buffer.from(word));
  await client.closed();
  return client.received.toString();
}

/** That answers have Apache's format is checked with all other golden data. */
describe('four-letter words', () => {
  it('other than srvr are refused unless they are on the whitelist', async () => {
    await withServer({ fourLetterWhitelist: ['ruok'] }, async (zk) => {
      assert.equal(await ask(zk, 'ruok'), 'imok');
      assert.match(await ask(zk, 'srvr'), /^Zookeeper version: /);
      assert.equal(await ask(zk, 'mntr'), 'mntr is not executed because it is not in the whitelist.\n');
    });
  });
});
