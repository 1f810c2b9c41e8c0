import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { singleBroker } from '../../swarm/kafka/single-broker.ts';
import { runSeed } from '../../swarm/run-seed.ts';
import type { SimulatedSystem } from '../../swarm/system.ts';
import { standaloneZooKeeper, zooKeeperEnsemble } from '../../swarm/zookeeper/zookeeper-run.ts';

const SEEDS = 40;
const STEPS = 2500;

/** The rule that the first failing seed broke. */
async function firstBroken(system: SimulatedSystem): Promise<string | undefined> {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { failure } = await runSeed(system, { seed, steps: STEPS });
    if (failure !== undefined) return failure.invariant;
  }
  return undefined;
}

/** Rules of the protocol, with a seed under which an ensemble is found out to go without. */
const RULES = [
  { without: 'noHoles', seed: 16 },
  { without: 'proposalsOutliveNewLeader', seed: 3 },
] as const;

describe('the simulation of ensembles', () => {
  for (const { without, seed } of RULES) {
    it(`finds out when the rule ${without} is missing, and only then`, async () => {
      const broken = await runSeed(zooKeeperEnsemble({ [without]: false }), { seed, steps: 6000 });
      assert.notEqual(broken.failure, undefined);
      const kept = await runSeed(zooKeeperEnsemble(), { seed, steps: 6000 });
      assert.equal(kept.failure, undefined, kept.failure?.text);
    });
  }
});

describe('the simulation of servers that are set up to lose data', () => {
  it('finds the writes that ZooKeeper loses without forceSync', async () => {
    assert.equal(await firstBroken(standaloneZooKeeper({ forceSync: false })), 'no acknowledged write lost');
  });

  it('finds the records that a broker loses when it is said to flush each one but does not', async () => {
    const broken = await firstBroken(singleBroker({ 'log.flush.interval.messages': '9223372036854775807' }));

    const losses = [
      'no acknowledged record lost',
      'a record never changes',
      'producer state is kept',
      'committed offsets never go back',
      'monotone high watermark',
    ];
    assert.ok(losses.includes(broken ?? ''), `broken: ${broken}`);
  });
});
