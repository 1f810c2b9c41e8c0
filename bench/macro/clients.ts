import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../tools/peers/process.ts';
import { startOurs, type Target } from '../../tools/peers/targets.ts';
import type { Toolbox } from '../../tools/peers/toolbox.ts';
import type { Workspace } from '../../tools/workspace.ts';
import type { Figure } from './figures.ts';
import { createTopic, deleteTopic } from './kafka-loads.ts';
import { format, median } from './table.ts';

/** Clients for Node, side by side on one broker of ours. */
const CLIENTS = ['kafkajs', 'platformatic', 'streamkeeper'] as const;
type Client = (typeof CLIENTS)[number];

type Key = 'recordsPerSecond' | 'mbPerSecond' | 'p50Ms' | 'p99Ms' | 'cpuMicrosPerRecord';

interface ClientFigure extends Figure {
  readonly key: Key;
}

interface ClientLoad {
  /** As the program knows it. */
  readonly id: string;
  /** Of `clients`. Default: the one that produces. */
  readonly program?: 'consume.mjs';
  /** What the program takes for how much: seconds, or records. Default: 5 seconds. */
  readonly amount?: number;
  readonly figures: readonly ClientFigure[];
}

const PARTITIONS = 6;

function throughput(id: string, name: string, unit: 'MB/s' | 'records/s'): ClientLoad {
  const key = unit === 'MB/s' ? 'mbPerSecond' : 'recordsPerSecond';
  return {
    id,
    figures: [
      { name, unit, better: 'more', key },
      { name: `${name}, p99 of a call`, unit: 'ms', better: 'less', key: 'p99Ms' },
      { name: `${name}, CPU per record`, unit: 'µs', better: 'less', key: 'cpuMicrosPerRecord' },
    ],
  };
}

const loads: readonly ClientLoad[] = [
  throughput('chunks-1k', 'Clients produce 1 KB, 100 in a call', 'MB/s'),
  throughput('chunks-100', 'Clients produce 100 B, 1,000 in a call', 'records/s'),
  throughput('single-1k', 'Clients produce 1 KB, one in a call, 500 calls at a time', 'records/s'),
  {
    id: 'alone',
    figures: [
      {
        name: 'Clients produce one record after the other, median',
        unit: 'ms',
        better: 'less',
        key: 'p50Ms',
      },
      { name: 'Clients produce one record after the other, p99', unit: 'ms', better: 'less', key: 'p99Ms' },
    ],
  },
  {
    id: 'read-100',
    program: 'consume.mjs',
    amount: 2_000_000,
    figures: [
      { name: 'Clients read 100 B', unit: 'records/s', better: 'more', key: 'recordsPerSecond' },
      { name: 'Clients read 100 B, CPU per record', unit: 'µs', better: 'less', key: 'cpuMicrosPerRecord' },
    ],
  },
  {
    id: 'read-1k',
    program: 'consume.mjs',
    amount: 300_000,
    figures: [
      { name: 'Clients read 1 KB', unit: 'MB/s', better: 'more', key: 'mbPerSecond' },
      { name: 'Clients read 1 KB, CPU per record', unit: 'µs', better: 'less', key: 'cpuMicrosPerRecord' },
    ],
  },
  {
    id: 'latency',
    program: 'consume.mjs',
    amount: 2000,
    figures: [
      { name: 'Clients, from a send to its receipt, median', unit: 'ms', better: 'less', key: 'p50Ms' },
      { name: 'Clients, from a send to its receipt, p99', unit: 'ms', better: 'less', key: 'p99Ms' },
    ],
  },
];

export const clientFigures: readonly Figure[] = loads.flatMap(({ figures }) => figures);

export type ClientSamples = Map<string, Record<Client, number[]>>;

interface ClientBench {
  readonly toolbox: Toolbox;
  readonly workspace: Workspace;
  readonly rounds: number;
  readonly quick: boolean;
  chosen(name: string): boolean;
}

/** Every load by every client in turn, each time a process and a topic of their own. */
export async function measureClients(bench: ClientBench): Promise<ClientSamples> {
  const { toolbox, workspace, rounds, chosen } = bench;
  const samples: ClientSamples = new Map();
  const target = await startOurs(toolbox, {
    data: join(workspace.dir('clients'), 'data'),
    overrides: { 'log.segment.delete.delay.ms': '0' },
  });
  try {
    for (const load of loads.filter(({ figures }) => figures.some(({ name }) => chosen(name)))) {
      for (let round = 1; round <= rounds; round++) {
        for (const client of round % 2 === 1 ? CLIENTS : CLIENTS.toReversed()) {
          const result = await runLoad(bench, target, { client, load });
          for (const { name, key } of load.figures) {
            const entry = samples.get(name) ?? { kafkajs: [], platformatic: [], streamkeeper: [] };
            entry[client].push(result[key]);
            samples.set(name, entry);
          }
          const text = load.figures.map(({ unit, key }) => `${format(result[key])} ${unit}`).join(', ');
          console.log(`round ${round}/${rounds} ${client} ${load.id}: ${text}`);
        }
      }
    }
  } finally {
    await target.stop('SIGKILL');
  }
  return samples;
}

async function runLoad(
  { toolbox, quick }: ClientBench,
  target: Target,
  { client, load }: { readonly client: Client; readonly load: ClientLoad },
): Promise<Record<Key, number>> {
  const { dir, node } = await toolbox.node();
  const sources = join(toolbox.root, 'bench/macro/clients');
  for (const file of readdirSync(sources)) copyFileSync(join(sources, file), join(dir, file));
  const topic = await createTopic(target, PARTITIONS);
  const ours = join(toolbox.root, 'dist/bundle/clients.js');
  const { program = 'load.mjs', amount = 5 } = load;
  const args = [
    join(dir, program),
    ...[client, load.id, target.bootstrap, topic],
    `${quick ? Math.ceil(amount / 5) : amount}`,
    ours,
  ];
  const { stdout } = await run(node, args, { cwd: dir });
  await deleteTopic(target, topic);
  return JSON.parse(stdout) as Record<Key, number>;
}

/** Medians, and how many times better ours is than each of the others. */
export function clientTable(samples: ClientSamples): string {
  const rows = clientFigures.flatMap(({ name, unit, better }) => {
    const values = samples.get(name);
    if (values === undefined) return [];
    const [kafkajs = Number.NaN, platformatic = Number.NaN, ours = Number.NaN] = CLIENTS.map((client) =>
      median(values[client]),
    );
    const times = (other: number) => (better === 'less' ? other / ours : ours / other).toFixed(2);
    const cells = [kafkajs, platformatic, ours].map(format).join(' | ');
    return [`| ${name} | ${unit} | ${cells} | ${times(kafkajs)} | ${times(platformatic)} |`];
  });
  const head =
    '| measure | unit | kafkajs | @platformatic/kafka | Streamkeeper | times kafkajs | times @platformatic/kafka |';
  return [head, '|---|---|---|---|---|---|---|', ...rows].join('\n');
}
