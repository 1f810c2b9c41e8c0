import type { Toolbox } from '../../tools/peers/toolbox.ts';
import type { Figure, Sample } from './figures.ts';

const operations = [
  ...['create', 'set', 'get'].map((operation) => `${operation}-single`),
  ...['create', 'set', 'get', 'delete'].map((operation) => `${operation}-pipelined`),
];

/** What the load gives on servers that are called so. */
export function zookeeperFigures(prefix: string): Figure[] {
  return operations.map((name) => ({ name: `${prefix} ${name}`, unit: 'op/s', better: 'more' }));
}

interface ZooKeeperLoadOptions {
  readonly toolbox: Toolbox;
  /** What the servers are called in figures. */
  readonly prefix: string;
  /** Client ports as `host:port`. */
  readonly servers: readonly string[];
  /** Operations one at a time, and pipelined; of `get`, also one at a time as many as pipelined. */
  readonly single: number;
  readonly pipelined: number;
}

/** Runs one session on each of several servers, which take turns; the samples of each. */
export async function zookeeperLoad(options: ZooKeeperLoadOptions): Promise<Sample[][]> {
  const { toolbox, prefix, servers, single, pipelined } = options;
  const sources = ['bench/macro/ZooKeeperLoad.java'];
  const classPath = await toolbox.compileJava('zookeeper-load', await toolbox.apache(), sources);
  const args = [`${single}`, `${pipelined}`, ...servers];
  const { stdout } = await toolbox.javaLoad(classPath, 'ZooKeeperLoad', args);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  return servers.map((_, server) =>
    lines
      .filter(([index]) => Number(index) === server)
      .map(([, name, value]) => ({ name: `${prefix} ${name}`, value: Number(value) })),
  );
}
