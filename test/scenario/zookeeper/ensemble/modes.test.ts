import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorCode } from '../../../../src/wire/zookeeper/errors.ts';
import { OpCode } from '../../../../src/wire/zookeeper/op-codes.ts';
import { write, ZkEnsemble } from '../../../support/zk-ensemble.ts';
import { create } from '../../../support/zk-simulation.ts';

/** The answer to a four-letter word. */
async function word(zk: ZkEnsemble, id: number, text: string): Promise<string> {
  const client = await zk.open(id);
  client.write(Buffer.from(text));
  await client.closed();
  return client.received.toString();
}

describe('A server without a leader', () => {
  it('answers reads of clients that allow it, and no writes, where that is enabled', async () => {
    const zk = new ZkEnsemble({ ensemble: { readOnlyMode: true } });
    await zk.sim.run(
      async () => {
        await zk.startAll();
        const leader = await zk.serving();
        const old = await zk.client(1, 20_000);
        await write(old, '/a', 'data');
        await old.call(OpCode.sync, { path: '/' });
        zk.kill(2, 3);
        assert.ok(leader > 1);
        await zk.sim.runUntil(() => zk.server(1).mode === 'read-only');
        const reader = await zk.open(1);
        const session = await reader.connect({ readOnly: true });
        assert.equal(session.readOnly, true);
        const read = await reader.call(OpCode.getData, { path: '/a', watch: false });
        assert.equal(read.header.err, 0);
        for (const [type, value] of [
          [OpCode.create, create('/b')],
          [OpCode.sync, { path: '/' }],
        ] as const) {
          assert.equal((await reader.call(type, value)).header.err, ErrorCode.NOTREADONLY);
        }
        assert.equal(await word(zk, 1, 'isro'), 'ro');
        const writer = await zk.open(1);
        await assert.rejects(writer.connect(), /closed the connection/);
        const known = await zk.open(1);
        const back = await known.connect({ ...old.session, readOnly: true });
        assert.equal(back.sessionId, old.session.sessionId, 'a session of the ensemble may come by');
        await reader.call(OpCode.closeSession);
        await reader.closed();
        await zk.restart(2, 3);
        await zk.serving();
        await known.closed();
        await write(await zk.client(1), '/b');
      },
      { withinMs: 600_000 },
    );
    zk.assertNoFailures();
  });

  it('says that it does not serve, and closes connections, where it is not', async () => {
    const zk = new ZkEnsemble();
    await zk.sim.run(async () => {
      await zk.start(1);
      await zk.sim.advance(20_000);
      const text = await word(zk, 1, 'srvr');
      assert.equal(text, 'This ZooKeeper instance is not currently serving requests\n');
      const client = await zk.open(1);
      await assert.rejects(client.connect({ readOnly: true }), /closed the connection/);
    });
  });
});

describe('A leader that does not serve', () => {
  it('leaves its clients to the others and orders their writes', async () => {
    const zk = new ZkEnsemble({ ensemble: { leaderServes: false } });
    await zk.sim.run(async () => {
      await zk.startAll();
      await zk.sim.runUntil(() => zk.server(1).mode === 'follower' && zk.server(2).mode === 'follower');
      const refused = await zk.open(3);
      await assert.rejects(refused.connect(), /closed the connection/);
      await write(await zk.client(1), '/a');
      await zk.settled();
      assert.ok(zk.tree(3).get('/a'));
    });
    zk.assertNoFailures();
  });
});

describe('The four-letter words of an ensemble', () => {
  it('tell who leads, and how many follow', async () => {
    const zk = new ZkEnsemble({ observers: 1, server: { fourLetterWhitelist: ['*'] } });
    await zk.sim.run(async () => {
      await zk.startAll();
      assert.equal(await zk.serving(), 3);
      await write(await zk.client(3), '/a');
      assert.match(await word(zk, 1, 'srvr'), /^Mode: follower$/m);
      assert.match(await word(zk, 4, 'srvr'), /^Mode: observer$/m);
      assert.match(
        await word(zk, 3, 'srvr'),
        /^Mode: leader\nNode count: \d+\nProposal sizes last\/min\/max: \d+\/\d+\/\d+$/m,
      );
      const values = await word(zk, 3, 'mntr');
      for (const line of [
        'zk_server_state\tleader',
        'zk_learners\t3',
        'zk_synced_followers\t2',
        'zk_synced_observers\t1',
        'zk_synced_non_voting_followers\t0',
        'zk_pending_syncs\t0',
        'zk_quorum_size\t3',
        'zk_peer_state\tleading - broadcast',
      ]) {
        assert.ok(values.includes(`${line}\n`), `${line} is not in\n${values}`);
      }
      assert.ok((await word(zk, 1, 'mntr')).includes('zk_peer_state\tfollowing - broadcast\n'));
      assert.ok((await word(zk, 4, 'mntr')).includes('zk_peer_state\tobserving - broadcast\n'));
      const conf = await word(zk, 1, 'conf');
      for (const line of ['serverId=1', 'initLimit=10', 'syncLimit=5', 'membership: ']) {
        assert.ok(conf.includes(`${line}\n`), `${line} is not in\n${conf}`);
      }
    });
  });
});
