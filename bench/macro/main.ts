import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startApache, startOurs, type Target } from '../../tools/peers/targets.ts';
import { Missing, Toolbox, versions } from '../../tools/peers/toolbox.ts';
import { Workspace } from '../../tools/workspace.ts';
import { ensembleFigures, measureEnsembles } from './ensembles.ts';
import {
  type Bed,
  type LoadApart,
  type LoadTogether,
  loads,
  residentMegabytes,
  type Sample,
  startFigures,
} from './measures.ts';
import { format, putTable, type Samples, table, type Who } from './table.ts';

const usage = `usage: npm run bench -- [--rounds N] [--quick] [--only TEXT[,TEXT...]] [--write]
  --rounds   how often each measure runs on each server, alternating (5)
  --quick    small loads, one round: shows that the benchmark works, not how fast anything is
  --only     the measures whose names contain one of these texts
  --write    puts the table into docs/BENCHMARKS.md; not with --only, which would leave rows out`;

const both = ['apache', 'streamkeeper'] as const;
/** So that memory is measured after what a start leaves to do later. */
const SETTLE_MS = 2000;

interface Settings {
  readonly rounds: number;
  readonly quick: boolean;
  chosen(name: string): boolean;
}

/** Starts servers, runs every load on both of them in turn and collects what comes out. */
class Bench {
  readonly samples: Samples = new Map();
  private readonly toolbox: Toolbox;
  private readonly workspace: Workspace;
  private readonly settings: Settings;
  private readonly running = new Map<Who, Target>();
  private starts = 0;

  constructor(toolbox: Toolbox, workspace: Workspace, settings: Settings) {
    this.toolbox = toolbox;
    this.workspace = workspace;
    this.settings = settings;
  }

  async run(): Promise<void> {
    const { chosen } = this.settings;
    const pairFigures = [...startFigures, ...loads.flatMap(({ figures }) => figures)];
    if (pairFigures.some(({ name }) => chosen(name))) await this.measurePairs();
    if (ensembleFigures.some(({ name }) => chosen(name))) await this.measureEnsembles();
  }

  /** A ZooKeeper and a broker on each side. */
  private async measurePairs(): Promise<void> {
    try {
      await this.measureStarts();
      await this.measureLoads();
    } finally {
      for (const target of this.running.values()) await target.stop('SIGKILL');
    }
  }

  private measureEnsembles(): Promise<void> {
    const { toolbox, settings } = this;
    const { rounds, quick, chosen } = settings;
    const record = (who: Who, round: number, list: readonly Sample[]) => this.record(who, round, list);
    return measureEnsembles({ toolbox, rounds, quick, chosen, record });
  }

  /** Each round starts anew; the servers of the last one stay, for the loads. */
  private async measureStarts(): Promise<void> {
    const isWanted = startFigures.some(({ name }) => this.settings.chosen(name));
    const rounds = isWanted ? this.settings.rounds : 1;
    for (let round = 1; round <= rounds; round += 1) {
      for (const who of both) {
        await this.running.get(who)?.stop('SIGKILL');
        const from = performance.now();
        const target = await this.start(who);
        const readyMs = performance.now() - from;
        this.running.set(who, target);
        if (!isWanted) continue;
        await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
        this.record(who, round, [
          { name: 'start to ready', value: readyMs },
          { name: 'memory idle', value: residentMegabytes(target) },
        ]);
      }
    }
  }

  private async measureLoads(): Promise<void> {
    const { chosen } = this.settings;
    for (const load of loads.filter(({ figures }) => figures.some(({ name }) => chosen(name)))) {
      if ('measureAll' in load) await this.measureTogether(load);
      else await this.measureApart(load);
    }
  }

  private async measureApart(load: LoadApart): Promise<void> {
    const runs = new Map<Who, Awaited<ReturnType<LoadApart['prepare']>>>();
    for (const who of both) runs.set(who, await load.prepare(this.bed(who)));
    for (let round = 1; round <= this.settings.rounds; round += 1) {
      // Whoever comes second finds the disk busier: take turns at that too.
      for (const who of round % 2 === 1 ? both : both.toReversed()) {
        this.record(who, round, (await runs.get(who)?.measure()) ?? []);
      }
    }
    for (const run of runs.values()) await run.end();
  }

  private async measureTogether(load: LoadTogether): Promise<void> {
    for (let round = 1; round <= this.settings.rounds; round += 1) {
      const samples = await load.measureAll(both.map((who) => this.bed(who)));
      for (const [index, who] of both.entries()) this.record(who, round, samples[index] ?? []);
    }
  }

  private bed(who: Who): Bed {
    const target = this.running.get(who);
    assert.ok(target !== undefined);
    return { toolbox: this.toolbox, target, quick: this.settings.quick };
  }

  private start(who: Who): Promise<Target> {
    this.starts += 1;
    // Deleted topics free their disk space at once, lest one load's writing back weighs on the next one.
    const overrides = { 'log.segment.delete.delay.ms': '0' };
    if (who === 'apache') return startApache(this.toolbox, this.workspace, overrides);
    const data = join(this.workspace.dir(`start-${this.starts}`), 'data');
    return startOurs(this.toolbox, { data, overrides });
  }

  private record(who: Who, round: number, list: readonly Sample[]): void {
    const wanted = list.filter(({ name }) => this.settings.chosen(name));
    if (wanted.length === 0) return;
    for (const { name, value } of wanted) {
      const entry = this.samples.get(name) ?? { apache: [], streamkeeper: [] };
      entry[who].push(value);
      this.samples.set(name, entry);
    }
    const text = wanted.map(({ name, value }) => `${name} ${format(value)}`).join(', ');
    console.log(`round ${round}/${this.settings.rounds} ${who}: ${text}`);
  }
}

function readSettings(values: { rounds?: string; quick: boolean; only?: string }): Settings {
  const wanted = values.only?.toLowerCase().split(',');
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 5));
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds ${values.rounds} is no count of rounds`);
  return {
    rounds,
    quick: values.quick,
    chosen: (name) => wanted?.some((text) => name.toLowerCase().includes(text)) ?? true,
  };
}

async function machine(toolbox: Toolbox): Promise<string> {
  const cores = `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()}`;
  return `${cores}, Node ${process.version}, Java ${await toolbox.javaVersion()}`;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  if (values.write && values.only !== undefined)
    throw new Error('--write puts the whole table, so it takes no --only');
  const settings = readSettings(values);
  const toolbox = new Toolbox();
  try {
    await toolbox.apache();
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    console.log(
      `The benchmark needs ${error.message}: Java 17 and Maven bring Apache's servers and load tools.`,
    );
    return 2;
  }
  const workspace = new Workspace();
  const bench = new Bench(toolbox, workspace, settings);
  try {
    await bench.run();
  } finally {
    workspace.remove();
  }
  const peers = `Apache Kafka ${versions.kafka} and ZooKeeper ${versions.zookeeper} beside Streamkeeper`;
  const rounds =
    settings.rounds === 1
      ? `one round${settings.quick ? ' of small loads' : ''}`
      : `medians of ${settings.rounds} alternating rounds`;
  const figures = [...startFigures, ...loads.flatMap((load) => load.figures), ...ensembleFigures];
  const text = `${peers}: ${rounds} on ${await machine(toolbox)}.\n\n${table(bench.samples, figures)}`;
  console.log(`\n${text}\n`);
  if (values.write) {
    const file = join(toolbox.root, 'docs/BENCHMARKS.md');
    writeFileSync(file, putTable(readFileSync(file, 'utf8'), text));
  }
  return 0;
}

process.exitCode = await main();
