import { type SessionEvent, type WatchEvent, ZooKeeperClient, ZooKeeperError } from '../../clients/index.ts';
import type { Env } from '../../env/env.ts';
import { accessCommands } from './access-commands.ts';
import { type Command, type Output, usageOf } from './command.ts';
import { CommandLineError, parseCommandLine } from './command-line.ts';
import { nodeCommands } from './node-commands.ts';
import { sessionCommands } from './session-commands.ts';
import { ShellError, toShellError } from './shell-error.ts';
import { splitLine } from './split-line.ts';

const NOT_FOUND_EXIT_CODE = 127;
const HISTORY_SHOWN = 10;

const COMMANDS: ReadonlyMap<string, Command> = new Map(
  [...nodeCommands, ...accessCommands, ...sessionCommands].map((command) => [command.name, command]),
);

/** Commands that the shell does itself, with their arguments. */
const OWN_COMMANDS: Readonly<Record<string, string>> = {
  connect: 'host:port',
  help: '[command]',
  history: '',
  printwatches: 'on|off',
  quit: '',
  redo: 'cmdno',
};

export const COMMAND_NAMES: readonly string[] = [...COMMANDS.keys(), ...Object.keys(OWN_COMMANDS)].sort();

const SESSION_STATES: Readonly<Record<SessionEvent, string>> = {
  connected: 'SyncConnected',
  connectedReadOnly: 'ConnectedReadOnly',
  disconnected: 'Disconnected',
  expired: 'Expired',
  authFailed: 'AuthFailed',
  closed: 'Closed',
};

const EVENT_TYPES: Readonly<Record<WatchEvent['type'], string>> = {
  nodeCreated: 'NodeCreated',
  nodeDeleted: 'NodeDeleted',
  nodeDataChanged: 'NodeDataChanged',
  nodeChildrenChanged: 'NodeChildrenChanged',
  dataWatchRemoved: 'DataWatchRemoved',
  childWatchRemoved: 'ChildWatchRemoved',
  persistentWatchRemoved: 'PersistentWatchRemoved',
  sessionEnded: 'None',
};

export interface ShellOptions {
  readonly env: Env;
  readonly server: string;
  readonly timeoutMs: number;
  readonly readOnly: boolean;
  readonly waitForConnection: boolean;
  /** jute.maxbuffer of the client. */
  readonly maxFrameBytes?: number;
  readonly output: Output;
}

/**
 * Apache's shell (ZooKeeperMain): one session at a time, commands by name, their history by number. It knows
 * nothing of terminals.
 */
export class Shell {
  /** What the last command came to. */
  exitCode = 0;
  hasQuit = false;
  private readonly options: ShellOptions;
  private readonly lines: string[] = [];
  private server: string;
  private zk: ZooKeeperClient | undefined;
  private printsWatches = true;
  private readonly watch = (event: WatchEvent): void => this.watchFired(event);

  constructor(options: ShellOptions) {
    this.options = options;
    this.server = options.server;
  }

  get prompt(): string {
    return `[zk: ${this.server}(${this.stateName()}) ${this.lines.length}] `;
  }

  /** Begins a session, having ended the one before. Resolves at once unless told to wait for the connection. */
  async connect(server = this.server): Promise<void> {
    const { env, timeoutMs, readOnly, waitForConnection, maxFrameBytes } = this.options;
    await this.zk?.close();
    this.server = server;
    const options = {
      connectString: server,
      sessionTimeoutMs: timeoutMs,
      readOnly,
      ...(maxFrameBytes === undefined ? {} : { maxFrameBytes }),
      onEvent: (event: SessionEvent) => this.sessionChanged(event),
    };
    this.zk = waitForConnection
      ? await ZooKeeperClient.connect(env, { ...options, connectTimeoutMs: timeoutMs })
      : ZooKeeperClient.open(env, options);
  }

  async close(): Promise<void> {
    this.printsWatches = false;
    await this.zk?.close();
  }

  /** Runs a line that somebody typed; an empty one is none. */
  async executeLine(line: string): Promise<void> {
    if (line === '') return;
    const at = this.lines.length;
    await this.execute(splitLine(line), line);
    this.lines[at] ??= line;
  }

  /** Runs one command; what goes wrong is told and becomes the exit code. */
  async execute(words: readonly string[], line = words.join(' ')): Promise<void> {
    try {
      await this.run(words, line);
      // Whoever leaves takes along what the last command came to.
      if (!this.hasQuit) this.exitCode = 0;
    } catch (error) {
      const told = toShellError(error);
      if (!(told instanceof Error)) throw error;
      const isExpected =
        told instanceof ShellError || told instanceof CommandLineError || told.name === 'ConnectStringError';
      if (!isExpected) throw error;
      this.exitCode = told instanceof ShellError ? told.exitCode : 1;
      this.options.output.err(told.message);
      const code = told instanceof ShellError ? told.code : undefined;
      this.options.output.result({ error: { code: code ?? 'COMMAND', message: told.message } });
    }
  }

  /** What a word can become: a path when it begins like one, else a command. */
  async complete(word: string): Promise<string[]> {
    if (!word.startsWith('/')) {
      const names = COMMAND_NAMES.filter((name) => name.startsWith(word));
      // The arguments come next.
      return names.length === 1 ? names.map((name) => `${name} `) : names;
    }
    const slash = word.lastIndexOf('/');
    const parent = slash === 0 ? '/' : word.slice(0, slash);
    try {
      const children = (await this.zk?.getChildren(parent)) ?? [];
      const prefix = parent === '/' ? '/' : `${parent}/`;
      return children
        .map((name) => prefix + name)
        .filter((path) => path.startsWith(word))
        .sort();
    } catch (error) {
      // There is no such node, or nobody to ask: nothing to complete with.
      if (error instanceof ZooKeeperError) return [];
      throw error;
    }
  }

  usage(): string {
    const own = Object.entries(OWN_COMMANDS).filter(([name]) => name !== 'help');
    const all = [
      ...own,
      ...[...COMMANDS.values()].map(({ name, syntax }): [string, string] => [name, syntax]),
    ];
    const lines = all.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, syntax]) => `\t${name} ${syntax}`);
    return ['ZooKeeper -server host:port -client-configuration properties-file cmd args', ...lines].join(
      '\n',
    );
  }

  private async run(words: readonly string[], line: string): Promise<void> {
    const [name = ''] = words;
    const command = COMMANDS.get(name);
    if (command === undefined && !(name in OWN_COMMANDS)) {
      this.options.output.err(this.usage());
      const message =
        words.length === 0 ? 'No command entered' : `Command not found: Command not found ${name}`;
      throw new ShellError(message, words.length === 0 ? {} : { exitCode: NOT_FOUND_EXIT_CODE });
    }
    if (command === undefined) {
      await this.runOwn(name, words.slice(1), line);
      if (name === 'quit' || name === 'help' || this.isAlive) return;
    }
    if (this.zk === undefined || !this.isAlive) {
      this.options.output.out('Not connected');
      this.options.output.result({ error: { code: 'SESSIONEXPIRED', message: 'Not connected' } });
      return;
    }
    if (command !== undefined) await this.runCommand(command, words, this.zk);
  }

  private async runCommand(command: Command, words: readonly string[], zk: ZooKeeperClient): Promise<void> {
    const { env, output } = this.options;
    let line = parseCommandLine(words, command.rules);
    if (
      line.words.length < command.minWords ||
      line.words.length > (command.maxWords ?? Number.POSITIVE_INFINITY)
    ) {
      throw new ShellError(usageOf(command));
    }
    if (command.oldWatchWord !== undefined && line.words.length > 2) {
      output.err(command.oldWatchWord);
      line = parseCommandLine(words.with(2, '-w'), command.rules);
    }
    await command.run({ zk, env, output, watch: this.watch }, line);
  }

  private async runOwn(name: string, args: readonly string[], line: string): Promise<void> {
    switch (name) {
      case 'quit':
        this.hasQuit = true;
        await this.zk?.close();
        return;
      case 'help':
        this.help(args[0]);
        return;
      case 'redo':
        if (args[0] !== undefined) await this.redo(args[0]);
        return;
      case 'history':
        this.history(line);
        return;
      case 'printwatches':
        if (args[0] === undefined) {
          this.options.output.out(`printwatches is ${this.printsWatches ? 'on' : 'off'}`);
        } else {
          this.printsWatches = args[0] === 'on';
        }
        return;
      default:
        await this.connect(args[0]);
    }
  }

  private help(name: string | undefined): void {
    const command = name === undefined ? undefined : COMMANDS.get(name);
    this.options.output.err(command === undefined ? this.usage() : usageOf(command).trimEnd());
  }

  private async redo(text: string): Promise<void> {
    const index = /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
    if (index === undefined) throw new ShellError(`For input string: "${text}"`);
    const line = this.lines[index];
    if (line === undefined) throw new ShellError('Command index out of range');
    const words = splitLine(line);
    if (words[0] === 'redo') throw new ShellError('No redoing redos');
    // The history has what was done, not that it was done again.
    const at = this.lines.length;
    await this.execute(words, line);
    this.lines[at] = line;
  }

  private history(line: string): void {
    const all = [...this.lines, line];
    for (let at = Math.max(0, all.length - 1 - HISTORY_SHOWN); at < all.length; at++) {
      this.options.output.out(`${at} - ${all[at]}`);
    }
  }

  private get isAlive(): boolean {
    const state = this.zk?.state;
    return state === 'connecting' || state === 'connected' || state === 'connectedReadOnly';
  }

  private stateName(): string {
    const state = this.zk?.state ?? 'closed';
    if (state === 'expired') return 'CLOSED';
    return state
      .replace(/[A-Z]/, '_$&')
      .toUpperCase()
      .replace('CONNECTED_READ', 'CONNECTEDREAD')
      .replace('_ONLY', 'ONLY');
  }

  private sessionChanged(event: SessionEvent): void {
    if (!this.printsWatches) return;
    this.printEvent(`WatchedEvent state:${SESSION_STATES[event]} type:None path:null zxid: -1`);
  }

  private watchFired({ type, path, zxid }: WatchEvent): void {
    // Once for each watch, where the event of the session has been told.
    if (!this.printsWatches || type === 'sessionEnded') return;
    const event = { state: 'SyncConnected', type: EVENT_TYPES[type], path, zxid: zxid ?? -1 };
    this.printEvent(`WatchedEvent state:${event.state} type:${event.type} path:${path} zxid: ${event.zxid}`);
    this.options.output.result({ event });
  }

  private printEvent(text: string): void {
    this.options.output.out(`\nWATCHER::\n\n${text}`);
  }
}
