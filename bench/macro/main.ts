import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startApache, startOurs, type Target, Workspace } from '../../tools/peers/targets.ts';
import { Missing, Toolbox, versions } from '../../tools/peers/toolbox.ts';
import { type Measure, measures, type Sample } from './measures.ts';

type Who = 'apache' | 'streamkeeper';
type Samples = Map<string, Record<Who, number[]>>;

const usage = `usage: npm run bench -- [--rounds N] [--quick] [--only TEXT[,TEXT...]] [--write]
  --rounds   how often each measure runs on each server, alternating (5)
  --quick    small loads, two rounds: shows that the benchmark works, not how fast anything is
  --write    puts the table into docs/BENCHMARKS.md`;

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

function record(samples: Samples, who: Who, list: readonly Sample[]): void {
  for (const { name, value } of list) {
    const entry = samples.get(name) ?? { apache: [], streamkeeper: [] };
    entry[who].push(value);
    samples.set(name, entry);
  }
}

function format(value: number): string {
  if (Number.isNaN(value)) return '-';
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
}

function table(samples: Samples, chosen: readonly Measure[]): string {
  const units = new Map(
    chosen.flatMap((measure) => measure.figures.map((figure) => [figure.name, figure] as const)),
  );
  const rows = [...samples].map(([name, values]) => {
    const figure = units.get(name);
    const [apache, ours] = [median(values.apache), median(values.streamkeeper)];
    const ratio = figure?.better === 'less' ? apache / ours : ours / apache;
    return `| ${name} | ${figure?.unit ?? ''} | ${format(apache)} | ${format(ours)} | ${ratio.toFixed(2)} |`;
  });
  return ['| measure | unit | Apache | Streamkeeper | times better |', '|---|---|---|---|---|', ...rows].join(
    '\n',
  );
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
  const rounds = Number(values.rounds ?? (values.quick ? 2 : 5));
  const wanted = values.only?.toLowerCase().split(',');
  const chosen = measures.filter(({ name }) => wanted?.some((text) => name.includes(text)) ?? true);
  const toolbox = new Toolbox();
  const samples: Samples = new Map();
  try {
    await toolbox.apache();
  } catch (error) {
    if (error instanceof Missing) {
      console.log(
        `The benchmark needs ${error.message}: Java 17 and Maven bring Apache's servers and load tools.`,
      );
      return 2;
    }
    throw error;
  }
  const workspace = new Workspace();
  let starts = 0;
  const start = async (who: Who): Promise<{ target: Target; seconds: number }> => {
    starts += 1;
    const from = performance.now();
    const own = workspace.dir(`start-${starts}`);
    const target =
      who === 'apache'
        ? await startApache(toolbox, workspace)
        : await startOurs(toolbox, { data: join(own, 'data') });
    return { target, seconds: (performance.now() - from) / 1000 };
  };
  mkdirSync(workspace.path, { recursive: true });
  try {
    for (let round = 1; round <= rounds; round += 1) {
      for (const who of ['apache', 'streamkeeper'] as const) {
        const { target, seconds } = await start(who);
        try {
          if (chosen.some(({ name }) => name === 'start'))
            record(samples, who, [{ name: 'start to ready', value: seconds * 1000 }]);
          for (const measure of chosen) {
            const list = await measure.run({ toolbox, target, quick: values.quick });
            record(samples, who, list);
            const text = list.map(({ name, value }) => `${name} ${format(value)}`).join(', ');
            if (text !== '') console.log(`round ${round}/${rounds} ${who}: ${text}`);
          }
        } finally {
          await target.stop('SIGKILL');
        }
      }
    }
  } finally {
    workspace.remove();
  }
  const machine = `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
  const title = `Apache Kafka ${versions.kafka} and ZooKeeper ${versions.zookeeper} beside Streamkeeper: medians of ${rounds} alternating rounds on ${machine}.`;
  const text = `${title}\n\n${table(samples, chosen)}\n`;
  console.log(`\n${text}`);
  if (values.write) {
    const file = join(toolbox.root, 'docs/BENCHMARKS.md');
    const page = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      page.replace(/<!-- table -->[\s\S]*<!-- end -->/, `<!-- table -->\n${text}<!-- end -->`),
    );
  }
  return 0;
}

process.exitCode = await main();
