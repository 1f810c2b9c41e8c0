import { Command, InvalidArgumentError } from 'commander';
import { KafkaError } from '../../clients/kafka/kafka-error.ts';
import { ZooKeeperError } from '../../clients/zookeeper/zookeeper-error.ts';
import type { Env } from '../../env/env.ts';
import { createNodeEnv } from '../../env/node/create-node-env.ts';
import { describeFailure } from '../failure.ts';
import { JavaError } from '../java-error.ts';
import { Output } from './output.ts';

/** The exit codes of all verbs. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** Options that all verbs have. */
export interface CommonFlags {
  readonly json?: boolean;
}

/** What a verb works with. */
export interface VerbContext<Flags> {
  readonly env: Env;
  readonly output: Output;
  readonly flags: Flags;
  /** The words behind the verb. */
  readonly args: readonly string[];
  /** Aborted by Ctrl-C, for verbs that end by it in an orderly way. */
  readonly signal: AbortSignal;
}

/** A command line that cannot be carried out: exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

export function createOutput(json: boolean): Output {
  return new Output({
    json,
    out: { isTerminal: process.stdout.isTTY === true, write: (text) => process.stdout.write(text) },
    err: { isTerminal: process.stderr.isTTY === true, write: (text) => process.stderr.write(text) },
    environment: process.env,
  });
}

type Body<Flags> = (context: VerbContext<Flags>) => Promise<number>;

/**
 * Makes the action of a verb of its body, whose module is loaded when the verb is called: `--help` of all verbs should
 * not wait for the clients. The body gives the exit code; an error becomes a line, or an object with `--json`.
 */
export function action<Flags extends CommonFlags>(
  load: () => Promise<Body<Flags>>,
): (...given: unknown[]) => Promise<void> {
  return async (...given) => run(given, load, new AbortController().signal);
}

/** As {@link action}, of a verb that ends in an orderly way on the first Ctrl-C; the second ends it at once. */
export function streamingAction<Flags extends CommonFlags>(
  load: () => Promise<Body<Flags>>,
): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    const interrupted = new AbortController();
    const interrupt = () => {
      if (interrupted.signal.aborted) process.exit(130);
      interrupted.abort();
    };
    process.on('SIGINT', interrupt);
    process.on('SIGTERM', interrupt);
    await run(given, load, interrupted.signal);
    process.removeListener('SIGINT', interrupt);
    process.removeListener('SIGTERM', interrupt);
  };
}

async function run<Flags extends CommonFlags>(
  given: readonly unknown[],
  load: () => Promise<Body<Flags>>,
  signal: AbortSignal,
): Promise<void> {
  const command = given.at(-1);
  if (!(command instanceof Command)) throw new TypeError('commander calls actions with the command last');
  const flags = command.optsWithGlobals<Flags>();
  const output = createOutput(flags.json === true);
  try {
    const body = await load();
    const env = createNodeEnv({ logLevel: 'error' });
    process.exitCode = await body({ env, output, flags, args: command.args, signal });
  } catch (error) {
    process.exitCode = reportFailure(output, error);
  }
}

/** Prints what went wrong; gives the exit code. */
function reportFailure(output: Output, error: unknown): number {
  if (error instanceof UsageError) {
    output.error('USAGE', error.message);
    return EXIT.usage;
  }
  output.error(failureCode(error), failureText(error));
  return error instanceof Error && error.name === 'ConfigError' ? EXIT.usage : EXIT.failed;
}

/** The name of an error for programs. */
export function failureCode(error: unknown): string {
  if (error instanceof KafkaError || error instanceof ZooKeeperError) return error.code;
  return error instanceof Error ? error.name : 'ERROR';
}

export function failureText(error: unknown): string {
  const isExpected =
    error instanceof KafkaError || error instanceof ZooKeeperError || error instanceof JavaError;
  return isExpected ? error.message : describeFailure(error);
}

/** An option's parser for whole numbers from `least` on. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[+-]?\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`Give a whole number from ${least} on.`);
  };
}

/** An option's parser for repeated `key=value`. */
export function keyValue(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const at = text.indexOf('=');
  if (at <= 0) throw new InvalidArgumentError('Write it as key=value.');
  return { ...before, [text.slice(0, at).trim()]: text.slice(at + 1) };
}

/** An option's parser for a value that may be given several times. */
export function collected(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}
