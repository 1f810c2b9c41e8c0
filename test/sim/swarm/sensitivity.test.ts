import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { kafkaCluster } from '../../swarm/kafka/cluster/cluster-run.ts';
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

/** Which seed meets the case differs with every change to what servers send and when: look for one. */
const RULE_SEEDS = 100;
const RULE_STEPS = 6000;

/** The first seed under which ensembles without the rule are found out. */
async function firstToTell(without: string): Promise<number | undefined> {
  for (let seed = 1; seed <= RULE_SEEDS; seed++) {
    const { failure } = await runSeed(zooKeeperEnsemble({ [without]: false }), { seed, steps: RULE_STEPS });
    if (failure !== undefined) return seed;
  }
  return undefined;
}

describe('the simulation of ensembles', () => {
  for (const without of ['noHoles', 'proposalsOutliveNewLeader']) {
    it(`finds out when the rule ${without} is missing, and only then`, async () => {
      const seed = await firstToTell(without);
      assert.ok(seed !== undefined, `none of ${RULE_SEEDS} seeds found out`);
      const kept = await runSeed(zooKeeperEnsemble(), { seed, steps: RULE_STEPS });
      assert.equal(kept.failure, undefined, kept.failure?.text);
    });
  }
});

/** Several replicas cover up what one loses: it takes more seeds until a leader is elected that lacks a record. */
const CLUSTER_SEEDS = 80;

async function firstBrokenCluster(): Promise<string | undefined> {
  const changes = { settings: { 'log.flush.interval.messages': '9223372036854775807' } };
  const system = kafkaCluster(changes, { durability: 'machines fall, each record flushed' });
  for (let seed = 15; seed < 15 + CLUSTER_SEEDS; seed++) {
    const { failure } = await runSeed(system, { seed, steps: STEPS });
    if (failure !== undefined) return failure.invariant;
  }
  return undefined;
}

describe('the simulation of servers that are set up to lose data', () => {
  it('finds the records that a cluster loses when replicas are said to flush each one but do not', async () => {
    const losses = [
      'leader completeness',
      'log matching below the high watermark',
      'acknowledged is committed',
      'producer state is kept',
      'committed offsets are in range',
    ];
    const broken = await firstBrokenCluster();
    assert.ok(losses.includes(broken ?? ''), `broken: ${broken}`);
  });

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
      'committed offsets are in range',
      'monotone high watermark',
    ];
    assert.ok(losses.includes(broken ?? ''), `broken: ${broken}`);
  });
});
