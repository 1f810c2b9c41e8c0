import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorCode } from '../../../../src/wire/zookeeper/errors.ts';
import { EventType, OpCode } from '../../../../src/wire/zookeeper/op-codes.ts';
import type { GetDataResponse } from '../../../../src/wire/zookeeper/protocol.ts';
import { parseQuorumConfig } from '../../../../src/zookeeper/election/quorum-config.ts';
import type { QuorumVerifier } from '../../../../src/zookeeper/election/quorum-verifier.ts';
import { RawZkClient } from '../../../support/raw-zk-client.ts';
import { write, ZkEnsemble, type ZkEnsembleOptions } from '../../../support/zk-ensemble.ts';

async function withEnsemble(
  options: ZkEnsembleOptions,
  story: (zk: ZkEnsemble) => Promise<void>,
): Promise<void> {
  const zk = new ZkEnsemble({
    ...options,
    server: { reconfigEnabled: true, skipAcl: true, ...options.server },
  });
  await zk.sim.run(() => story(zk), { withinMs: 3_600_000 });
  zk.assertNoFailures();
}

interface Change {
  joiningServers?: string;
  leavingServers?: string;
  newMembers?: string;
  curConfigId?: number;
}

async function reconfig(
  client: RawZkClient,
  change: Change,
): Promise<{ error: number; config?: QuorumVerifier }> {
  const reply = await client.call(OpCode.reconfig, {
    joiningServers: null,
    leavingServers: null,
    newMembers: null,
    curConfigId: -1,
    ...change,
  });
  if (reply.header.err !== 0) return { error: reply.header.err };
  const { data } = reply.record as GetDataResponse;
  return { error: 0, config: parseQuorumConfig(String(data), 'reply') };
}

/** What a server's own tree says of the configuration. */
function configAt(zk: ZkEnsemble, id: number): QuorumVerifier {
  return parseQuorumConfig(String(zk.tree(id).get('/zookeeper/config')?.data), `server ${id}`);
}

const electionsHeld = (zk: ZkEnsemble): number =>
  zk.sim.logLines.filter(({ text }) => text === 'new election').length;

describe('reconfig', () => {
  it('gives the configuration of zoo.cfg the first epoch as its version', async () => {
    await withEnsemble({ participants: 3 }, async (zk) => {
      await zk.startAll();
      await zk.serving();
      for (const id of zk.ids) assert.equal(configAt(zk, id).version, 2 ** 32);
    });
  });

  it('takes in two servers one by one under load, and lets them go again', async () => {
    await withEnsemble({ participants: 5, initial: [1, 2, 3] }, async (zk) => {
      await zk.start(1, 2, 3);
      const leader = await zk.serving(1, 2, 3);
      const client = await zk.client(1);
      let written = 0;
      const load = async (): Promise<void> => {
        for (let count = 0; count < 10; count++) await write(client, `/node-${written++}`);
      };
      await load();
      for (const id of [4, 5]) {
        await zk.start(id);
        await zk.serving(id, leader);
        const { error, config } = await reconfig(client, { joiningServers: `server.${id}=${zk.line(id)}` });
        assert.equal(error, 0);
        assert.ok(config?.participants.has(id));
        await load();
      }
      await zk.settled();
      for (const id of zk.ids) {
        assert.deepEqual([...configAt(zk, id).participants.keys()], [1, 2, 3, 4, 5], `server ${id}`);
      }
      // Five vote now: two of them may fail.
      zk.kill(...[1, 2, 3, 4, 5].filter((id) => id !== leader && id !== 1).slice(0, 2));
      await load();
      await zk.restart(...[1, 2, 3, 4, 5].filter((id) => id !== leader && id !== 1).slice(0, 2));
      await zk.serving();
      const { error } = await reconfig(client, { leavingServers: '4,5' });
      assert.equal(error, 0);
      zk.kill(4, 5);
      await load();
      await zk.settled(1, 2, 3);
      zk.assertSameTrees(1, 2, 3);
      assert.equal(zk.leader, leader);
      for (let node = 0; node < written; node++) assert.ok(zk.tree(1).get(`/node-${node}`), `node ${node}`);
    });
  });

  it('hands over to a follower without an election when the leader leaves', async () => {
    await withEnsemble({ participants: 3 }, async (zk) => {
      await zk.startAll();
      const leader = await zk.serving();
      assert.equal(leader, 3);
      const client = await zk.client(1);
      const held = electionsHeld(zk);
      assert.equal((await reconfig(client, { leavingServers: '3' })).error, 0);
      await zk.sim.runUntil(() => zk.leader !== undefined && zk.leader !== 3, { withinMs: 60_000 });
      await zk.serving(1, 2);
      await write(await zk.client(2), '/after');
      assert.equal(electionsHeld(zk), held);
      await zk.sim.advance(10_000);
      // Without a vote, it goes on as a follower until it is shut down.
      assert.equal(zk.server(3).mode, 'follower');
    });
  });

  it('makes a follower an observer, and a voter again, while it serves', async () => {
    await withEnsemble({ participants: 4 }, async (zk) => {
      await zk.startAll();
      const leader = await zk.serving();
      const client = await zk.client(leader);
      const held = electionsHeld(zk);
      for (const role of ['observer', 'participant']) {
        assert.equal((await reconfig(client, { joiningServers: `server.1=${zk.line(1, role)}` })).error, 0);
        const mode = role === 'observer' ? 'observer' : 'follower';
        await zk.sim.runUntil(() => zk.server(1).mode === mode, { withinMs: 60_000 });
        assert.equal(configAt(zk, 1).observers.has(1), role === 'observer');
        await write(client, `/as-${role}`);
      }
      await zk.settled();
      zk.assertSameTrees();
      assert.equal(electionsHeld(zk), held);
    });
  });

  it('refuses voters of whom too many are observers still, and goes on', async () => {
    await withEnsemble({ participants: 3, observers: 2 }, async (zk) => {
      await zk.startAll();
      const leader = await zk.serving();
      assert.equal(leader, 3);
      const client = await zk.client(1);
      const roles = ['observer', 'observer', 'participant', 'participant', 'participant'];
      const newMembers = roles.map((role, index) => `server.${index + 1}=${zk.line(index + 1, role)}`);
      const { error } = await reconfig(client, { newMembers: newMembers.join(',') });
      assert.equal(error, ErrorCode.NEWCONFIGNOQUORUM);
      await write(client, '/after');
      // One of them may be, for the others are a quorum without it.
      assert.equal(
        (await reconfig(client, { joiningServers: `server.4=${zk.line(4, 'participant')}` })).error,
        0,
      );
      await zk.settled();
      zk.assertSameTrees();
    });
  });

  it('replaces all members at once', async () => {
    await withEnsemble({ participants: 5, initial: [1, 2, 3] }, async (zk) => {
      await zk.start(1, 2, 3);
      await zk.serving(1, 2, 3);
      await zk.start(4, 5);
      await zk.serving(4, 5, 3);
      const client = await zk.client(1);
      const newMembers = [3, 4, 5].map((id) => `server.${id}=${zk.line(id)}`).join(',');
      const { error, config } = await reconfig(client, { newMembers });
      assert.equal(error, 0);
      assert.deepEqual([...(config?.members.keys() ?? [])], [3, 4, 5]);
      zk.kill(1, 2);
      await zk.serving(3, 4, 5);
      await write(await zk.client(4), '/elsewhere');
      zk.kill(3);
      await zk.serving(4, 5);
      assert.ok(zk.tree(5).get('/elsewhere'));
    });
  });

  it('grows an ensemble of one server, where that is no standalone server', async () => {
    await withEnsemble(
      { participants: 3, initial: [1], ensemble: { standaloneEnabled: false } },
      async (zk) => {
        await zk.start(1);
        await zk.serving(1);
        const client = await zk.client(1);
        await write(client, '/alone');
        await zk.start(2, 3);
        await zk.serving();
        const joiningServers = [2, 3].map((id) => `server.${id}=${zk.line(id)}`).join(',');
        assert.equal((await reconfig(client, { joiningServers })).error, 0);
        zk.kill(1);
        await zk.serving(2, 3);
        assert.ok(zk.tree(2).get('/alone'));
        await write(await zk.client(2), '/together');
      },
    );
  });

  it('moves the client port of a server, and leaves its clients where they are', async () => {
    await withEnsemble({ participants: 3 }, async (zk) => {
      await zk.startAll();
      await zk.serving();
      const client = await zk.client(1);
      const moved = zk.line(1).replace(/;.*/, ';0.0.0.0:2281');
      assert.equal((await reconfig(client, { joiningServers: `server.1=${moved}` })).error, 0);
      await write(client, '/over-the-old-connection');
      await assert.rejects(zk.open(1), /ECONNREFUSED/);
      const other = await RawZkClient.open(zk.clientHost.env.net, 2281, 'zk1');
      assert.notEqual((await other.connect({ timeOut: 10_000 })).sessionId, 0n);
      await write(other, '/over-the-new-port');
    });
  });

  it('moves a follower to another election and quorum port, from where it votes and leads', async () => {
    await withEnsemble({ participants: 3 }, async (zk) => {
      await zk.startAll();
      const leader = await zk.serving();
      const client = await zk.client(leader);
      const moved = zk.line(2).replace('2888:3888', '2889:3889');
      assert.equal((await reconfig(client, { joiningServers: `server.2=${moved}` })).error, 0);
      await write(client, '/moved');
      await zk.sim.advance(3000);
      zk.kill(leader);
      assert.equal(await zk.serving(1, 2), 2);
      await write(await zk.client(1), '/led-from-the-new-port');
    });
  });

  it('announces itself to those who watch the configuration', async () => {
    await withEnsemble({ participants: 3 }, async (zk) => {
      await zk.startAll();
      await zk.serving();
      const client = await zk.client(1);
      await client.call(OpCode.getData, { path: '/zookeeper/config', watch: true });
      assert.equal((await reconfig(await zk.client(2), { leavingServers: '1' })).error, 0);
      const event = await client.event();
      assert.equal(event.type, EventType.nodeDataChanged);
      assert.equal(event.path, '/zookeeper/config');
    });
  });

  it('survives the fall of every server right after it', async () => {
    await withEnsemble({ participants: 4, initial: [1, 2, 3] }, async (zk) => {
      await zk.start(1, 2, 3);
      await zk.serving(1, 2, 3);
      await zk.start(4);
      await zk.serving(4, 3);
      const client = await zk.client(2);
      assert.equal((await reconfig(client, { joiningServers: `server.4=${zk.line(4)}` })).error, 0);
      zk.crash(1, 2, 3, 4);
      await zk.restart(1, 2, 3, 4);
      const leader = await zk.serving(1, 2, 3, 4);
      await write(await zk.client(leader), '/after');
      await zk.settled();
      zk.assertSameTrees();
    });
  });

  const cases: [what: string, change: (zk: ZkEnsemble) => Change, error: number][] = [
    [
      'from a version that is not the present one',
      () => ({ leavingServers: '1', curConfigId: 7 }),
      ErrorCode.BADVERSION,
    ],
    [
      'to servers that are not there',
      (zk) => ({ newMembers: [3, 4, 5].map((id) => `server.${id}=${zk.line(id, 'participant')}`).join(',') }),
      ErrorCode.NEWCONFIGNOQUORUM,
    ],
    ['to a single voter', () => ({ leavingServers: '1,2' }), ErrorCode.BADARGUMENTS],
    [
      'that gives no client port',
      () => ({ joiningServers: 'server.4=zk4:2888:3888' }),
      ErrorCode.BADARGUMENTS,
    ],
    [
      'to an address that is taken',
      () => ({ joiningServers: 'server.4=zk1:2888:3889;2181' }),
      ErrorCode.BADARGUMENTS,
    ],
    ['that cannot be read', () => ({ joiningServers: 'server.4:zk4' }), ErrorCode.BADARGUMENTS],
    ['of a server without a number', () => ({ leavingServers: 'one' }), ErrorCode.MARSHALLINGERROR],
    ['to lines that are none', () => ({ newMembers: 'clientPort=2181' }), ErrorCode.BADARGUMENTS],
    [
      'to observers alone',
      (zk) => ({ newMembers: `server.1=${zk.line(1, 'observer')}` }),
      ErrorCode.MARSHALLINGERROR,
    ],
  ];
  it('is refused where it cannot be, and changes nothing', async () => {
    await withEnsemble({ participants: 3 }, async (zk) => {
      await zk.startAll();
      await zk.serving();
      const client = await zk.client(1);
      for (const [what, change, error] of cases) {
        assert.equal((await reconfig(client, change(zk))).error, error, what);
      }
      for (const id of zk.ids) assert.deepEqual([...configAt(zk, id).members.keys()], [1, 2, 3]);
    });
  });

  it('is refused while another one is under way', async () => {
    await withEnsemble({ participants: 3 }, async (zk) => {
      await zk.startAll();
      const leader = await zk.serving();
      const [client, other] = [await zk.client(leader), await zk.client(leader)];
      const [first, second] = await Promise.all([
        reconfig(client, { joiningServers: `server.1=${zk.line(1, 'observer')}` }),
        reconfig(other, { leavingServers: '2' }),
      ]);
      assert.equal(first.error, 0);
      assert.equal(second.error, ErrorCode.RECONFIGINPROGRESS);
    });
  });

  it('needs the right to write the configuration', async () => {
    await withEnsemble({ participants: 3, server: { skipAcl: false } }, async (zk) => {
      await zk.startAll();
      await zk.serving();
      assert.equal((await reconfig(await zk.client(1), { leavingServers: '1' })).error, ErrorCode.NOAUTH);
    });
  });

  it('is off unless it is switched on', async () => {
    await withEnsemble({ participants: 3, server: { reconfigEnabled: false } }, async (zk) => {
      await zk.startAll();
      await zk.serving();
      const client = await zk.client(1);
      assert.equal((await reconfig(client, { leavingServers: '1' })).error, ErrorCode.RECONFIGDISABLED);
      assert.equal(configAt(zk, 1).version, 0);
    });
  });
});
