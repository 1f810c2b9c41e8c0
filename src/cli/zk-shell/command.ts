import type { Watch, ZooKeeperClient } from '../../clients/index.ts';
import type { Env } from '../../env/env.ts';
import { type CommandLine, describeOptions, type OptionRules, type OptionSpec } from './command-line.ts';
import { ShellError } from './shell-error.ts';

/** Where a command's results go. */
export interface Output {
  /** A line of text for people, on standard output. */
  out(text: string): void;
  /** A line on standard error. */
  err(text: string): void;
  /** The result for programs, printed when they asked for JSON. */
  result(value: unknown): void;
}

/** What a command works with. */
export interface CommandContext {
  readonly zk: ZooKeeperClient;
  readonly env: Env;
  readonly output: Output;
  /** The one callback of the shell: an event is told once, whatever is watched. */
  readonly watch: Watch;
}

/** A command of the shell that needs a session. */
export interface Command {
  readonly name: string;
  /** Its arguments, as the usage shows them. */
  readonly syntax: string;
  readonly rules: OptionRules;
  /** Words that have to be there, the name included. */
  readonly minWords: number;
  readonly maxWords?: number;
  /** Whether the usage lists the options too. */
  readonly listsOptions?: boolean;
  /** `path watch` was the way to ask for a watch before 3.5; what to say about it. */
  readonly oldWatchWord?: string;
  run(context: CommandContext, line: CommandLine): Promise<void>;
}

export function flag(name: string, description: string): OptionSpec {
  return { name, description };
}

export function valued(name: string, description: string): OptionSpec {
  return { name, description, takesValue: true };
}

export function usageOf(command: Command): string {
  const text = `${command.name} ${command.syntax}`;
  return command.listsOptions === true ? `${text}\n${describeOptions(command.rules.options)}` : text;
}

/** The word at `index`, which `minWords` says is there. */
export function wordAt(line: CommandLine, index: number): string {
  const word = line.words[index];
  if (word === undefined) throw new ShellError(`argument ${index} is missing`);
  return word;
}

const JAVA_INT_MIN = -(2 ** 31);

/** A number as Java's Integer.parseInt takes it; undefined for anything else. */
export function parseJavaInt(text: string | undefined): number | undefined {
  const value = Number(text);
  const isInt =
    text !== undefined && /^[+-]?\d+$/.test(text) && value >= JAVA_INT_MIN && value < -JAVA_INT_MIN;
  return isInt ? value : undefined;
}

/** The version that an option asks for, -1 for any. */
export function versionOf(line: CommandLine): number {
  if (!line.has('v')) return -1;
  const version = parseJavaInt(line.value('v'));
  if (version === undefined) throw new ShellError(`For input string: "${line.value('v')}"`);
  return version;
}
