import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { goldenJson } from '../../../support/golden.ts';
import { write, ZkEnsemble } from '../../../support/zk-ensemble.ts';

/** What the AdminServers of an ensemble of Apache's 3.9.5 answered: two participants, then an observer. */
const captured = goldenJson<Record<string, string>>('zookeeper/admin/ensemble-3.9.5.json');
const ROLES = ['follower', 'leader', 'observer'] as const;

/** As LearnerHandler.getLearnerHandlerInfo of 3.9.5 puts them. */
const OBSERVER_FIELDS = [
  'remote_socket_address',
  'sid',
  'established',
  'queued_packets',
  'queued_packets_size',
  'packets_received',
  'packets_sent',
  'requests',
  'last_zxid',
];

type Json = { readonly [name: string]: unknown };

async function ask(zk: ZkEnsemble, id: number, command: string): Promise<Json> {
  const connection = await zk.clientHost.env.net.connect({ host: `zk${id}`, port: 8080 });
  const text = await new Promise<string>((resolve) => {
    let received = '';
    connection.start({
      data: (bytes) => {
        received += bytes.toString();
      },
      close: () => resolve(received),
    });
    connection.write([Buffer.from(`GET /commands/${command} HTTP/1.1\r\n\r\n`)]);
  });
  return JSON.parse(text.slice(text.indexOf('\r\n\r\n'))) as Json;
}

/** Names of all fields, those within others behind a dot. */
function fieldsOf(value: unknown, prefix = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [prefix];
  return Object.entries(value).flatMap(([name, each]) => fieldsOf(each, `${prefix}.${name}`));
}

describe('the AdminServers of an ensemble', () => {
  it("show leader, votes and state under Apache's names", async () => {
    const zk = new ZkEnsemble({ participants: 2, observers: 1, server: { adminEnabled: true } });
    await zk.sim.run(
      async () => {
        await zk.startAll();
        assert.equal(await zk.serving(1, 2, 3), 2);
        for (const [index, role] of ROLES.entries()) {
          const id = index + 1;
          const leader = await ask(zk, id, 'leader');
          assert.deepEqual(
            { ...leader, leader_ip: 'IP' },
            { ...JSON.parse(captured[`${role} leader`] ?? ''), leader_ip: 'IP' },
          );
          for (const command of ['voting_view', 'server_stats']) {
            const wanted = fieldsOf(JSON.parse(captured[`${role} ${command}`] ?? ''));
            assert.deepEqual(
              fieldsOf(await ask(zk, id, command)).sort(),
              wanted.sort(),
              `${role} ${command}`,
            );
          }
          const state = await ask(zk, id, 'zabstate');
          const known = new Set(fieldsOf(JSON.parse(captured[`${role} zabstate`] ?? '')));
          assert.deepEqual(
            fieldsOf(state).filter((name) => !known.has(name)),
            [],
          );
          assert.equal(state['myid'], id);
          assert.equal(state['voting'], role !== 'observer');
          assert.equal(state['zabstate'], 'broadcast');
        }
        assert.equal((await ask(zk, 2, 'observers'))['synced_observers'], 1);
      },
      { withinMs: 600_000 },
    );
    zk.assertNoFailures();
  });

  it('say that they do not serve while there is no leader, but tell what they know', async () => {
    const zk = new ZkEnsemble({ participants: 3, server: { adminEnabled: true } });
    await zk.sim.run(
      async () => {
        await zk.start(1);
        await zk.sim.advance(5000);
        const refused = await ask(zk, 1, 'server_stats');
        assert.equal(refused['error'], 'This ZooKeeper instance is not currently serving requests');
        assert.equal((await ask(zk, 1, 'zabstate'))['zabstate'], 'election');
        const monitor = await ask(zk, 1, 'monitor');
        assert.equal(monitor['server_state'], 'leader election');
        assert.equal(monitor['looking_count'], 1);
      },
      { withinMs: 600_000 },
    );
    zk.assertNoFailures();
  });

  it('describe the observers of a leader, and forget what was counted on demand', async () => {
    const zk = new ZkEnsemble({ participants: 2, observers: 1, server: { adminEnabled: true } });
    await zk.sim.run(
      async () => {
        await zk.startAll();
        const leader = await zk.serving(1, 2, 3);
        await write(await zk.client(3), '/by-the-observer');
        const { synced_observers: count, observers } = await ask(zk, leader, 'observers');
        assert.equal(count, 1);
        const [observer] = observers as Json[];
        assert.deepEqual(Object.keys(observer ?? {}), OBSERVER_FIELDS);
        assert.equal(observer?.sid, 3);
        // The session and the node.
        assert.equal(observer?.requests, 2);
        assert.ok(Number(observer?.packets_sent) > 2);
        await ask(zk, leader, 'observer_connection_stat_reset');
        const [after] = (await ask(zk, leader, 'observers')).observers as Json[];
        assert.equal(after?.requests, 0);
        assert.deepEqual((await ask(zk, 1, 'observers')).observers, []);
      },
      { withinMs: 3_600_000 },
    );
    zk.assertNoFailures();
  });

  it('measure proposals, acknowledgements and commits', async () => {
    const zk = new ZkEnsemble({ participants: 3, server: { adminEnabled: true } });
    await zk.sim.run(
      async () => {
        await zk.startAll();
        const leader = await zk.serving();
        const client = await zk.client(1);
        for (let count = 0; count < 10; count++) await write(client, `/node-${count}`);
        await zk.settled();
        const ofLeader = await ask(zk, leader, 'monitor');
        assert.equal(ofLeader.proposal_count, 11);
        assert.equal(ofLeader.cnt_quorum_ack_latency, 11);
        assert.ok(Number(ofLeader.max_quorum_ack_latency) > 0);
        assert.equal(ofLeader[`cnt_${leader}_ack_latency`], 11);
        assert.equal(Number(ofLeader.diff_count) + Number(ofLeader.snap_count), 2);
        assert.equal(ofLeader.cnt_unavailable_time, 1);
        assert.equal(ofLeader.cnt_leader_unavailable_time, 1);
        const ofFollower = await ask(zk, 1, 'monitor');
        assert.equal(ofFollower.learner_proposal_received_count, 11);
        assert.equal(ofFollower.learner_commit_received_count, 11);
        for (const name of ['proposal_latency', 'commit_propagation_latency', 'propagation_latency']) {
          assert.equal(ofFollower[`cnt_${name}`], 11, name);
        }
        assert.equal(ofFollower.cnt_follower_sync_time, 1);
        assert.equal(ofFollower.sync_processor_request_queued, 11);
        assert.ok(Number(ofFollower.max_sync_processor_queue_and_flush_time_ms) > 0);
        assert.equal(ofFollower.cnt_write_commitproc_time_ms, 11);
      },
      { withinMs: 3_600_000 },
    );
    zk.assertNoFailures();
  });
});
