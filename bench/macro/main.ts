import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startApache, startOurs, type Target } from '../../tools/peers/targets.ts';
import { Missing, Toolbox, versions } from '../../tools/peers/toolbox.ts';
import { Workspace } from '../../tools/workspace.ts';
import { type ClientSamples, clientFigures, clientTable, measureClients } from './clients.ts';
import { clusterFigures, measureClusters } from './clusters.ts';
import { ensembleFigures, measureEnsembles } from './ensembles.ts';
import { type Bed, type Figure, repeat, type Sample } from './figures.ts';
import { produceOnce, residentMegabytes } from './kafka-loads.ts';
import { kilobyteRecords, loads, startFigures } from './measures.ts';
import { format, putTable, type Samples, table, type Who } from './table.ts';

const usage = `usage: npm run bench -- [--rounds N] [--quick] [--only TEXT[,TEXT...]] [--write]
  --rounds   how often each measure runs on each server, alternating (5)
  --quick    small loads, one round: shows that the benchmark works, not how fast anything is
  --only     the measures whose names contain one of these texts
  --write    puts the table into docs/BENCHMARKS.md; not with --only, which would leave rows out`;

const both = ['apache', 'streamkeeper'] as const;
const pairFigures = [...Object.values(startFigures), ...loads.flatMap(({ figures }) => figures)];
const allFigures = [...pairFigures, ...ensembleFigures, ...clusterFigures];
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
  clients: ClientSamples = new Map();
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
    const isAnyChosen = (figures: readonly Figure[]) =>
      figures.some(({ name }) => this.settings.chosen(name));
    if (isAnyChosen(pairFigures)) await this.measurePairs();
    if (isAnyChosen(ensembleFigures)) await measureEnsembles(this.part());
    if (isAnyChosen(clusterFigures)) await measureClusters(this.part());
    if (isAnyChosen(clientFigures)) {
      this.clients = await measureClients({ workspace: this.workspace, ...this.part() });
    }
  }

  /** What the parts of the benchmark that start servers of their own are given. */
  private part() {
    const { toolbox, settings } = this;
    const record = (who: Who, round: number, list: readonly Sample[]) => this.record(who, round, list);
    return { toolbox, ...settings, record };
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

  /** Each round starts anew; the servers of the last one stay, for the loads. */
  private async measureStarts(): Promise<void> {
    const { chosen } = this.settings;
    const isWanted = Object.values(startFigures).some(({ name }) => chosen(name));
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
          { name: startFigures.ready.name, value: readyMs },
          { name: startFigures.memory.name, value: residentMegabytes(target) },
        ]);
        if (!chosen(startFigures.produce.name)) continue;
        const { mbPerSecond } = await produceOnce(this.bed(who), 1, kilobyteRecords);
        this.record(who, round, [{ name: startFigures.produce.name, value: mbPerSecond }]);
      }
    }
  }

  private async measureLoads(): Promise<void> {
    const { chosen, rounds } = this.settings;
    for (const load of loads.filter(({ figures }) => figures.some(({ name }) => chosen(name)))) {
      const beds = both.map((who) => this.bed(who));
      await repeat(load, {
        rounds,
        beds,
        record: (bed, round, list) => this.record(both[bed] ?? 'apache', round, list),
      });
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
  const text = `${peers}: ${rounds} on ${await machine(toolbox)}.\n\n${table(bench.samples, allFigures)}`;
  const clientText = clientTable(bench.clients);
  console.log(`\n${text}\n\n${clientText}\n`);
  if (values.write) {
    const file = join(toolbox.root, 'docs/BENCHMARKS.md');
    const page = putTable(readFileSync(file, 'utf8'), 'table', text);
    writeFileSync(file, putTable(page, 'clients', clientText));
  }
  return 0;
}

process.exitCode = await main();
