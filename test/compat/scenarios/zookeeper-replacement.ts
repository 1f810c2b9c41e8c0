import assert from 'node:assert/strict';
import type { Stat } from '../../../src/wire/zookeeper/data.ts';
import type { Context, Scenario } from '../scenario.ts';
import { Ensemble, type Kind, Load } from './zookeeper-ensemble.ts';

/** Sessions with load on them; each server has some from the start. */
const CLIENTS = 3;

/** Replaces the servers one by one, the leader last, each by one of the other kind on the same data. */
async function replaceAll(ensemble: Ensemble, kind: Kind, say: (text: string) => void): Promise<void> {
  for (;;) {
    const leader = await ensemble.serving();
    const old = ensemble.members.filter((member) => member.kind !== kind);
    const next = old.find((member) => member !== leader) ?? old[0];
    if (next === undefined) return;
    await next.daemon?.stop('SIGTERM');
    next.daemon = undefined;
    next.kind = kind;
    await ensemble.boot(next);
    await ensemble.serving();
    say(`server ${next.id} is ${kind === 'ours' ? 'ours' : "Apache's"} now`);
  }
}

async function replacement(context: Context): Promise<string> {
  const ensemble = await Ensemble.start(context, ['apache', 'apache', 'apache']);
  try {
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => ensemble.client()));
    const [first] = clients;
    assert.ok(first);
    await first.create('/load');
    const sessions = clients.map((client) => client.sessionId);
    await Promise.all(
      clients.map((client, i) => client.create(`/session-${i}`, null, { mode: 'ephemeral' })),
    );
    const loads = clients.map((client, i) => new Load(client, `/load/client${i}`));
    await replaceAll(ensemble, 'ours', context.say);
    await replaceAll(ensemble, 'apache', context.say);
    await Promise.all(loads.map((load) => load.end()));
    assert.deepEqual(
      clients.map((client) => client.sessionId),
      sessions,
      'a session was lost',
    );
    await first.sync('/');
    for (let i = 0; i < CLIENTS; i++) {
      const stat: Stat | null = await first.exists(`/session-${i}`);
      assert.equal(stat?.ephemeralOwner, sessions[i], `session ${i} has lost its ephemeral node`);
    }
    const children = new Set(await first.getChildren('/load'));
    const acknowledged = loads.flatMap((load) => load.acknowledged);
    const lost = acknowledged.filter((path) => !children.has(path.slice('/load/'.length)));
    assert.deepEqual(lost, [], 'acknowledged writes are missing');
    const failures = loads.reduce((sum, load) => sum + load.failures, 0);
    const nodes = await ensemble.assertSame();
    return (
      `six servers replaced under load: ${acknowledged.length} acknowledged writes, ${failures} with unknown ` +
      `outcome, ${CLIENTS} sessions kept, ${nodes} nodes the same`
    );
  } finally {
    await ensemble.stop();
  }
}

export const zookeeperReplacementScenario: Scenario = {
  name: 'ensemble of Apache replaced by ours and back',
  shows: 'a rolling replacement of all servers under load, both ways, with no session lost',
  fullOnly: true,
  run: replacement,
};
