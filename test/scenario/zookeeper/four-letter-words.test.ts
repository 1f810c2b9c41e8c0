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

  it('stmk sets the trace mask once its eight bytes are there, and gtmk tells it', async () => {
    await withServer({ fourLetterWhitelist: ['stmk', 'gtmk'] }, async (zk) => {
      assert.equal(await zk.ask('gtmk'), '306');
      const client = await zk.open();
      client.write(Buffer.from('stmk\0\0\0'));
      await zk.sim.advance(100);
      assert.equal(client.isClosed, false);
      client.write(Buffer.from([0, 0, 0, 0, 7]));
      await client.closed();
      assert.equal(client.received.toString(), '7');
      assert.equal(await zk.ask('gtmk'), '7');
    });
  });

  it('stmk is refused at once unless it is on the whitelist', async () => {
    await withServer({}, async (zk) => {
      assert.equal(await zk.ask('stmk'), 'stmk is not executed because it is not in the whitelist.\n');
    });
  });
});
