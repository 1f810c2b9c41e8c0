import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withServer } from '../../support/zk-simulation.ts';

/** That answers have Apache's format is checked with all other golden data. */
describe('four-letter words', () => {
  it('other than srvr are refused unless they are on the whitelist', async () => {
    await withServer({ fourLetterWhitelist: ['ruok'] }, async (zk) => {
      assert.equal(await zk.ask('ruok'), 'imok');
      assert.match(await zk.ask('srvr'), /^Zookeeper version: /);
      assert.equal(await zk.ask('mntr'), 'mntr is not executed because it is not in the whitelist.\n');
    });
  });
});
