import { describeFailure } from './failure.ts';
import { JavaError } from './java-error.ts';
import { helpText } from './jopt/help-text.ts';
import type { OptionSet } from './jopt/option-set.ts';
import type { OptionSpecs } from './jopt/option-spec.ts';
import { parseOptions } from './jopt/parse-options.ts';
import { KAFKA_VERSION } from './kafka-version.ts';

/** Ends a command at once, with what Apache's tool prints at that place. */
export class ToolExit extends Error {
  override name = 'ToolExit';
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;

  constructor(exitCode: number, output: { readonly stdout?: string; readonly stderr?: string } = {}) {
    super(`exit code ${exitCode}`);
    this.exitCode = exitCode;
    this.stdout = output.stdout ?? '';
    this.stderr = output.stderr ?? '';
  }
}

/** A wrong command line: the message, then the table of options, exit code 1 (`CommandLineUtils.printUsageAndExit`). */
export function usageExit(specs: OptionSpecs, message: string): ToolExit {
  return new ToolExit(1, { stderr: `${message}\n${helpText(specs)}` });
}

/** `--version` of every tool. */
export function versionExit(): ToolExit {
  return new ToolExit(0, { stdout: `${KAFKA_VERSION}\n` });
}

/**
 * A command line with `--help` (or nothing at all) and `--version` answered, as nearly every tool does; `purpose` is the
 * line above the table. Throws {@link ToolExit} and OptionError.
 */
export function parseToolArgs<Specs extends OptionSpecs>(
  specs: Specs,
  purpose: string,
  args: readonly string[],
): OptionSet<keyof Specs & string> {
  const options = parseOptions<OptionSpecs>(specs, args);
  if (args.length === 0 || options.has('help')) throw usageExit(specs, purpose);
  if (options.has('version')) throw versionExit();
  return options as OptionSet<keyof Specs & string>;
}

/** Exits with the usage when all of `used` stand beside one of `forbidden` (`CommandLineUtils.checkInvalidArgsSet`). */
export function forbidBesideAll<Name extends string>(
  specs: OptionSpecs,
  options: OptionSet<Name>,
  used: readonly Name[],
  forbidden: { readonly names: readonly Name[]; readonly remark?: string },
): void {
  if (!used.every((name) => options.has(name))) return;
  for (const name of forbidden.names) {
    if (options.has(name)) {
      const combination = `[${used.map(inMessage).join(', ')}]`;
      const message = `Option combination "${combination}" can't be used with option "${inMessage(name)}"`;
      throw usageExit(specs, message + (forbidden.remark ?? ''));
    }
  }
}

/** How an option stands in messages: as Java prints the list of its names. */
const inMessage = (name: string) => `[${name}]`;

/** Exits with the usage when one of the options is missing (`CommandLineUtils.checkRequiredArgs`). */
export function requireOptions<Name extends string>(
  specs: OptionSpecs,
  options: OptionSet<Name>,
  names: readonly Name[],
): void {
  for (const name of names) {
    if (!options.has(name)) throw usageExit(specs, `Missing required argument "${inMessage(name)}"`);
  }
}

/** Exits with the usage when `used` stands beside one of `forbidden` (`CommandLineUtils.checkInvalidArgs`). */
export function forbidBeside<Name extends string>(
  specs: OptionSpecs,
  options: OptionSet<Name>,
  used: Name,
  forbidden: readonly Name[],
): void {
  if (!options.has(used)) return;
  for (const name of forbidden) {
    if (options.has(name)) {
      const message = `Option "${inMessage(used)}" can't be used with option "${inMessage(name)}"`;
      throw usageExit(specs, message);
    }
  }
}

/** What a tool prints for an error that it did not handle, without the line feed at the end. */
export type FailureText = (error: JavaError) => string;

/** Nobody catches it: Java's own words. The stack frames are left out in all three. */
export const uncaught: FailureText = (error) => `Exception in thread "main" ${error.toTrace()}`;

/** The message, then the stack trace. */
export const messageAndTrace: FailureText = (error) => `${error.message}\n${error.toTrace()}\n`;

/** The message alone. */
export const messageOnly: FailureText = (error) => error.message;

/**
 * Runs a tool with the arguments of this process to its exit code (0 unless it returns one). Errors with a Java class
 * are printed as `failure` says and end with code 1; others are bugs or errors of the system.
 */
export async function runTool(
  main: (args: readonly string[]) => Promise<number | undefined>,
  failure: FailureText,
): Promise<void> {
  try {
    process.exitCode = (await main(process.argv.slice(2))) ?? 0;
  } catch (error) {
    if (error instanceof ToolExit) {
      process.stdout.write(error.stdout);
      process.stderr.write(error.stderr);
      process.exitCode = error.exitCode;
      return;
    }
    // Nothing of the clients is loaded until something failed there.
    const { asJavaError } = await import('./kafka-failure.ts');
    const known = asJavaError(error);
    console.error(known instanceof JavaError ? failure(known) : describeFailure(error));
    process.exitCode = 1;
  }
}
