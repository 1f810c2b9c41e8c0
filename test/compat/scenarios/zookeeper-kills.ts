import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { SimRandom } from '../../../src/env/sim/sim-random.ts';
import { Ensemble, type Kind } from '../../../tools/peers/ensemble.ts';
import { RegisterClients } from '../register-clients.ts';
import type { Context, Scenario } from '../scenario.ts';
import { noMismatches } from './zookeeper-ensemble.ts';

/** The bound for the time from the death of a leader to a new one that serves. */
const FAILOVER_MEDIAN_MS = 1000;

/** Apache's defaults in its own example of a zoo.cfg. */
const config = { tickTime: '2000', initLimit: '10', syncLimit: '5' };

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

interface Findings {
  readonly kills: number;
  readonly failoversMs: number[];
}

/** Kills servers, one after the other, each at any moment; brings each back before the next dies. */
async function killInTurn(
  context: Context,
  parts: { ensemble: Ensemble; clients: RegisterClients; random: SimRandom; rounds: number },
): Promise<Findings> {
  const { ensemble, clients, random, rounds } = parts;
  const failoversMs: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const leader = await ensemble.serving();
    clients.beginRound();
    await delay(200 + random.below(600));
    // The first is a leader, for every run is to measure one failover at least.
    const chosen = ensemble.members[random.below(ensemble.members.length)];
    const victim = round === 1 || chosen === undefined ? leader : chosen;
    const killedMs = performance.now();
    await ensemble.kill(victim);
    if (victim === leader) {
      await ensemble.leads(ensemble.members.filter((member) => member !== victim));
      failoversMs.push(Math.round(performance.now() - killedMs));
    }
    await delay(random.below(600));
    await ensemble.boot(victim);
    const last =
      victim === leader ? `the leader, the next served after ${failoversMs.at(-1)} ms` : 'a follower';
    if (round % 5 === 0 || round === rounds) context.say(`kill ${round} of ${rounds}: ${last}`);
  }
  await ensemble.serving();
  return { kills: rounds, failoversMs };
}

async function story(context: Context, kinds: readonly Kind[], rounds: number): Promise<string> {
  const seed = Date.now() % 1_000_000;
  const random = new SimRandom(seed);
  context.say(`seed ${seed}`);
  const ensemble = await Ensemble.start(context, kinds, { config });
  const clients = new RegisterClients(ensemble, random.fork());
  try {
    await clients.start();
    const { kills, failoversMs } = await killInTurn(context, { ensemble, clients, random, rounds });
    const seen = await clients.finish();
    await noMismatches(ensemble);
    const nodes = await ensemble.assertSame();
    const failoverMs = median(failoversMs);
    if (kinds.every((kind) => kind === 'ours')) {
      const all = failoversMs.join(', ');
      assert.ok(failoverMs <= FAILOVER_MEDIAN_MS, `a new leader served after ${failoverMs} ms (${all})`);
    }
    const leaders = `${failoversMs.length} of leaders, a new one served after ${failoverMs} ms in the median`;
    return `${kills} kills, ${leaders}; ${seen}; ${nodes} nodes the same`;
  } finally {
    await clients.close();
    await ensemble.stop();
  }
}

const shows =
  'kill -9 of a random server under load: linearizable, nothing lost, a new leader within a second';

export const zookeeperKillsScenarios: readonly Scenario[] = [
  {
    name: 'ZooKeeper ensemble, 100 kills',
    shows,
    run: (context) => {
      const kind = context.which;
      return story(context, [kind, kind, kind], context.quick ? 5 : 100);
    },
  },
];
