import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { goldenJson } from '../../../support/golden.ts';
import { ZkEnsemble } from '../../../support/zk-ensemble.ts';

/** What the AdminServers of an ensemble of Apache's 3.9.5 answered: two participants, then an observer. */
const captured = goldenJson<Record<string, string>>('zookeeper/admin/ensemble-3.9.5.json');
const ROLES = ['follower', 'leader', 'observer'] as const;

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
});
