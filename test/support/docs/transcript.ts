import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, cpSync, existsSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { freePorts } from '../../../tools/peers/targets.ts';
import type { Workspace } from '../../../tools/workspace.ts';
import { normalised, pattern } from './expected.ts';
import { type Block, find, PageError } from './page.ts';
import { privateMachine, processesOf } from './private-machine.ts';
import { programOf, writeShownFile } from './snippets.ts';

/** The ports that pages may name. */
const SHOWN_PORTS = [
  ...[2181, 2182, 2183, 2184],
  ...[2888, 2889, 2890, 3888, 3889, 3890],
  ...[9092, 9093, 9094, 9095],
  ...[7000, 8080],
];
const PATIENCE_MS = 60_000;
/** What zkCli.sh and the console producer show in front of what is typed. */
const PROMPT = /^(?:\[zk: [^\]]*\] |> ?)(.*)$/;
/** `echo srvr | nc HOST PORT`, where there is no such program, and where its ports would not be the page's. */
const NETCAT = `#!/usr/bin/env node
const { connect } = require('node:net');
const socket = connect({ host: process.argv[2], port: Number(process.argv[3]) });
process.stdin.pipe(socket, { end: false });
socket.pipe(process.stdout);
`;

/** A program that the page has left running. */
interface Staying {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
  /** It has ended, and all that it said has been heard. */
  isOver: boolean;
  output: string;
  /** How much of the output the page has shown. */
  shown: number;
}

/** Runs the blocks of one page in their order, as a reader would, in a directory and with ports of its own. */
export class Transcript {
  private readonly workspace: Workspace;
  /** The directory that the page finds itself in. */
  private readonly home: string;
  private readonly environment: Record<string, string>;
  private readonly staying = new Map<string, Staying>();
  private latest = '';

  private constructor(workspace: Workspace, home: string, environment: Record<string, string>) {
    this.workspace = workspace;
    this.home = home;
    this.environment = environment;
  }

  /**
   * The workspace has the package (`installPackage`) and the compiled programs; the page gets a directory in it. `taken`
   * are the ports where servers are already, by those that the page names.
   */
  static async create(
    workspace: Workspace,
    page: string,
    taken: readonly (readonly [number, number])[] = [],
  ): Promise<Transcript> {
    const home = workspace.dir(page.replaceAll(/\W/g, '-'));
    const free = await freePorts(SHOWN_PORTS.length);
    const shown = SHOWN_PORTS.map((port, index): [number, number] => [port, free[index] ?? 0]);
    const ports = new Map([...shown, ...taken]);
    cpSync(join(workspace.path, 'node_modules/streamkeeper/config'), join(home, 'config'), {
      recursive: true,
    });
    workspace.dir('tools');
    workspace.file('tools/package.json', '{ "type": "commonjs" }');
    chmodSync(workspace.file('tools/nc', NETCAT), 0o755);
    const places = ['tools', 'node_modules/.bin'].map((place) => join(workspace.path, place));
    return new Transcript(workspace, home, {
      PATH: [...places, dirname(process.execPath), '/usr/bin', '/bin'].join(':'),
      HOME: home,
      ...privateMachine(home, ports),
    });
  }

  /** Runs what is to be run; throws a {@link PageError} at the first block that does not do what the page shows. */
  async run(blocks: readonly Block[]): Promise<void> {
    for (const [index, block] of blocks.entries()) {
      if (find(block, 'not run') !== undefined || find(block, 'needs') !== undefined) continue;
      const output = blocks[index + 1];
      const shown = output?.language === 'text' ? output : undefined;
      switch (block.language) {
        case 'sh':
          await this.runCommands(block, shown);
          break;
        case 'ts':
          await this.runCommands({ ...block, text: `node ${programOf(this.workspace, block)}\n` }, shown);
          break;
        case 'console':
          await this.talk(block);
          break;
        default:
          writeShownFile(this.home, block);
      }
    }
  }

  /** Ends everything that the page has left running. */
  async close(): Promise<void> {
    for (const pid of processesOf(this.home)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    await Promise.all([...this.staying.values()].map(({ exited }) => exited));
  }

  private async runCommands(block: Block, shown: Block | undefined): Promise<void> {
    const stays = find(block, 'stays');
    if (stays !== undefined) {
      const staying = this.begin(block);
      this.staying.set(stays.name, staying);
      this.latest = stays.name;
      if (shown !== undefined) await this.hear(shown, staying, shown.text);
      return;
    }
    const expected = find(block, 'exits')?.code ?? 0;
    const wanted = shown === undefined ? /^/ : pattern(shown.text);
    const deadlineMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const { code, output } = await this.execute(block);
      if (code === expected && wanted.test(output)) return;
      if (find(block, 'eventually') !== undefined && performance.now() < deadlineMs) continue;
      const complaint =
        code === expected
          ? `prints something else than is shown\n${shown?.text}--- printed:\n${output}`
          : `ends with ${code}, not ${expected}\n${block.text}--- printed:\n${output}`;
      throw new PageError(block, complaint);
    }
  }

  /** One shell for a block; the next one begins in its directory and with its variables. */
  private spawn(block: Block, stdio: 'pipe' | number): ChildProcess {
    const state = `${this.home}.state`;
    const script = [
      `[ ! -f '${state}' ] || . '${state}'`,
      `trap 'code=$?; { export -p; printf "cd %q\\n" "$PWD"; } > ${state}; exit $code' EXIT`,
      'set -e',
      block.text,
    ];
    return spawn('bash', ['-c', script.join('\n')], {
      cwd: this.home,
      env: this.environment,
      detached: true,
      stdio: stdio === 'pipe' ? 'pipe' : ['ignore', stdio, stdio],
    });
  }

  private async execute(block: Block): Promise<{ code: number | null; output: string }> {
    // A file, not a pipe: what stays in the background would keep a pipe open.
    const path = `${this.home}.output`;
    const file = openSync(path, 'w');
    const child = this.spawn(block, file);
    closeSync(file);
    const timer = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), PATIENCE_MS);
    const [code] = (await once(child, 'exit')) as [number | null];
    clearTimeout(timer);
    return { code, output: normalised(existsSync(path) ? readFileSync(path, 'utf8') : '') };
  }

  private begin(block: Block): Staying {
    const child = this.spawn(block, 'pipe');
    const exited = once(child, 'exit');
    const staying: Staying = { child, exited, isOver: false, output: '', shown: 0 };
    child.once('exit', () => child.emit('news'));
    child.once('close', () => {
      staying.isOver = true;
      child.emit('news');
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        staying.output += text;
        child.emit('news');
      });
    }
    // A program may end without reading what is typed.
    child.stdin?.on('error', () => undefined);
    return staying;
  }

  /** Types what stands behind prompts, and waits for what the page shows in between. */
  private async talk(block: Block): Promise<void> {
    const staying = this.staying.get(find(block, 'in')?.name ?? this.latest);
    if (staying === undefined) throw new PageError(block, 'no program stays that could be typed into');
    let waiting = '';
    for (const line of block.text.trimEnd().split('\n')) {
      const typed = PROMPT.exec(line)?.[1];
      const key = line === '^C' || line === '^D' ? line : undefined;
      if (typed === undefined && key === undefined) {
        waiting += `${line}\n`;
        continue;
      }
      await this.hear(block, staying, waiting);
      waiting = '';
      if (typed !== undefined) staying.child.stdin?.write(`${typed}\n`);
      if (key === '^C') process.kill(-(staying.child.pid ?? 0), 'SIGINT');
      if (key === '^D') staying.child.stdin?.end();
      if (key !== undefined) await this.ended(block, staying);
    }
    await this.hear(block, staying, waiting);
  }

  private async ended(block: Block, { child }: Staying): Promise<void> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    while (child.exitCode === null && child.signalCode === null) {
      if (!(await newsOf(child, deadlineMs))) throw new PageError(block, 'the program does not end');
    }
  }

  private async hear(block: Block, staying: Staying, shown: string): Promise<void> {
    if (shown === '') return;
    const wanted = pattern(shown, 'beginning');
    const deadlineMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const heard = normalised(staying.output).slice(staying.shown);
      const match = wanted.exec(heard);
      if (match !== null) {
        staying.shown += match[0].length;
        return;
      }
      if (staying.isOver || !(await newsOf(staying.child, deadlineMs)))
        throw new PageError(block, `says something else than is shown\n${shown}--- said:\n${heard}`);
    }
  }
}

/** Waits for the next output or the end of a program; false when it is too late. */
function newsOf(child: ChildProcess, deadlineMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), Math.max(0, deadlineMs - performance.now()));
    child.once('news', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
