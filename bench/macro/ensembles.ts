import assert from 'node:assert/strict';
import { Ensemble, type Kind, type Member } from '../../tools/peers/ensemble.ts';
import type { Toolbox } from '../../tools/peers/toolbox.ts';
import type { Figure, Sample } from './figures.ts';
import type { Who } from './table.ts';
import { zookeeperFigures, zookeeperLoad } from './zookeeper-load.ts';

const PREFIX = 'ZooKeeper ensemble';
const start: Figure = { name: `${PREFIX} start`, unit: 'ms', better: 'less' };
const failover: Figure = { name: `${PREFIX} failover`, unit: 'ms', better: 'less' };
const loads = zookeeperFigures(PREFIX);

export const ensembleFigures: readonly Figure[] = [start, ...loads, failover];

/** Apache's defaults in its own example of a zoo.cfg. */
const config = { tickTime: '2000', initLimit: '10', syncLimit: '5' };
const kinds: Readonly<Record<Who, Kind>> = { apache: 'apache', streamkeeper: 'ours' };
const both = ['apache', 'streamkeeper'] as const;

export interface EnsembleBench {
  readonly toolbox: Toolbox;
  readonly rounds: number;
  readonly quick: boolean;
  chosen(name: string): boolean;
  record(who: Who, round: number, samples: readonly Sample[]): void;
}

/** Measures three servers of each side, which are one ensemble; the sides take turns. */
export async function measureEnsembles(bench: EnsembleBench): Promise<void> {
  const ensembles = new Map<Who, Ensemble>();
  try {
    await measureStarts(bench, ensembles);
    if (loads.some(({ name }) => bench.chosen(name))) await measureLoads(bench, ensembles);
    if (bench.chosen(failover.name)) await measureFailovers(bench, ensembles);
  } finally {
    for (const ensemble of ensembles.values()) await ensemble.stop();
  }
}

/** Whoever comes second finds the disk busier: the sides take turns at that too. */
function inTurn(round: number): readonly Who[] {
  return round % 2 === 1 ? both : both.toReversed();
}

function of(ensembles: ReadonlyMap<Who, Ensemble>, who: Who): Ensemble {
  const ensemble = ensembles.get(who);
  assert.ok(ensemble !== undefined);
  return ensemble;
}

/** Each round starts anew, without data; the ensembles of the last one stay, for the loads. */
async function measureStarts(bench: EnsembleBench, ensembles: Map<Who, Ensemble>): Promise<void> {
  const rounds = bench.chosen(start.name) ? bench.rounds : 1;
  for (let round = 1; round <= rounds; round++) {
    for (const ensemble of ensembles.values()) await ensemble.stop();
    ensembles.clear();
    for (const who of inTurn(round)) {
      const kind = kinds[who];
      const fromMs = performance.now();
      const ensemble = await Ensemble.start(bench, [kind, kind, kind], { config });
      const value = performance.now() - fromMs;
      ensembles.set(who, ensemble);
      bench.record(who, round, [{ name: start.name, value }]);
    }
  }
}

/** At a follower, as two of three clients are: it answers reads, and sends writes to the leader. */
async function measureLoads(bench: EnsembleBench, ensembles: ReadonlyMap<Who, Ensemble>): Promise<void> {
  const { toolbox, quick, rounds } = bench;
  const counts = quick ? { single: 200, pipelined: 2000 } : { single: 1000, pipelined: 10_000 };
  const servers: string[] = [];
  for (const who of both) {
    const ensemble = of(ensembles, who);
    const [follower] = others(ensemble, await ensemble.serving());
    servers.push(`127.0.0.1:${follower?.port}`);
  }
  for (let round = 1; round <= rounds; round++) {
    const samples = await zookeeperLoad({ toolbox, prefix: PREFIX, servers, ...counts });
    for (const [index, who] of both.entries()) bench.record(who, round, samples[index] ?? []);
  }
}

async function measureFailovers(bench: EnsembleBench, ensembles: ReadonlyMap<Who, Ensemble>): Promise<void> {
  for (let round = 1; round <= bench.rounds; round++) {
    for (const who of inTurn(round)) {
      const value = await failOver(of(ensembles, who));
      bench.record(who, round, [{ name: failover.name, value }]);
    }
  }
}

/**
 * The time from the death of the leader to the first write that its successor acknowledges, in ms. The client comes
 * when there is a successor: one that is there before waits up to a second, by chance, before it connects anew.
 */
async function failOver(ensemble: Ensemble): Promise<number> {
  const leader = await ensemble.serving();
  const fromMs = performance.now();
  await ensemble.kill(leader);
  const client = await ensemble.client(await ensemble.leads(others(ensemble, leader)));
  await client.create('/failover-', undefined, { mode: 'ephemeralSequential' });
  const tookMs = performance.now() - fromMs;
  await client.close();
  await ensemble.boot(leader);
  await ensemble.serving();
  return tookMs;
}

function others(ensemble: Ensemble, leader: Member): Member[] {
  return ensemble.members.filter((member) => member !== leader);
}
