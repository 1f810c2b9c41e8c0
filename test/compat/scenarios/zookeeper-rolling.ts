import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { SimRandom } from '../../../src/env/sim/sim-random.ts';
import { Ensemble, type Kind } from '../../../tools/peers/ensemble.ts';
import { RegisterClients } from '../register-clients.ts';
import type { Context, Scenario } from '../scenario.ts';
import { noMismatches } from './zookeeper-ensemble.ts';

/** Replaces the servers one by one, the leader last, each on its own data directory, ports and id. */
async function replaceAll(
  context: Context,
  parts: { ensemble: Ensemble; clients: RegisterClients; kind: Kind; signal: NodeJS.Signals },
): Promise<void> {
  const { ensemble, clients, kind, signal } = parts;
  while (ensemble.members.some((member) => member.kind !== kind)) {
    clients.beginRound();
    const leader = await ensemble.serving();
    await noMismatches(ensemble);
    const others = ensemble.members.filter((member) => member.kind !== kind);
    const next = others.find((member) => member !== leader) ?? leader;
    const before = clients.operations;
    await delay(context.quick ? 300 : 2000);
    assert.ok(clients.operations > before, 'the clients get no answers');
    await ensemble.kill(next, signal);
    // So that there is something to catch up with.
    await delay(context.quick ? 300 : 1500);
    next.kind = kind;
    await ensemble.boot(next);
    await ensemble.serving();
    const was = next === leader ? 'the leader' : 'a follower';
    context.say(`server ${next.id}, ${was}, is ${kind} now; ${clients.operations} operations so far`);
  }
}

async function story(context: Context): Promise<string> {
  const ensemble = await Ensemble.start(context, ['apache', 'apache', 'apache']);
  const clients = new RegisterClients(ensemble, new SimRandom(Date.now() % 1_000_000));
  try {
    await clients.start();
    const rounds = context.quick ? 1 : 3;
    for (let round = 0; round < rounds; round++) {
      // In good order as operators do it, and once as an accident would.
      const signal = round === 1 ? 'SIGKILL' : 'SIGTERM';
      await replaceAll(context, { ensemble, clients, kind: 'ours', signal });
      await replaceAll(context, { ensemble, clients, kind: 'apache', signal });
    }
    const seen = await clients.finish();
    await noMismatches(ensemble);
    const nodes = await ensemble.assertSame();
    return `3 Apache to 3 ours and back, ${rounds} times; ${seen}; ${nodes} nodes the same`;
  } finally {
    await clients.close();
    await ensemble.stop();
  }
}

export const zookeeperRollingScenarios: readonly Scenario[] = [
  {
    name: 'ZooKeeper ensemble, rolling replacement',
    shows: '3 Apache are replaced by 3 ours and back, under load: linearizable, no session lost, same trees',
    run: story,
  },
];
