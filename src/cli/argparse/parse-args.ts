import { ToolExit } from '../tool.ts';
import { type ArgParserSpec, type ArgSpec, type ArgToolSpec, argsOf, destOf, hasValue } from './arg-spec.ts';
import { helpOf, justify, usageText } from './arg-texts.ts';
import { suggestions } from './suggestions.ts';

/** What was given, by the long names of flags without their hyphens. */
export class ArgValues {
  /** The verb, of commands that have verbs. */
  readonly verb: string | undefined;
  private readonly values: ReadonlyMap<string, readonly string[]>;

  constructor(verb: string | undefined, values: ReadonlyMap<string, readonly string[]>) {
    this.verb = verb;
    this.values = values;
  }

  /** Whether the flag was given, or has a default. */
  has(name: string): boolean {
    return this.values.has(name);
  }

  all(name: string): readonly string[] {
    return this.values.get(name) ?? [];
  }

  text(name: string): string | undefined {
    return this.values.get(name)?.at(-1);
  }

  /** A value that is required or has a default. */
  required(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw new TypeError(`--${name} is neither required nor has it a default`);
    return value;
  }

  number(name: string): number | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : Number(value);
  }
}

const RANGES: Readonly<Record<string, readonly [bigint, bigint]>> = {
  Short: [-(2n ** 15n), 2n ** 15n - 1n],
  Integer: [-(2n ** 31n), 2n ** 31n - 1n],
  Long: [-(2n ** 63n), 2n ** 63n - 1n],
};

/** Reads a command line as argparse4j does: abbreviations of long flags are accepted. Throws {@link ToolExit}. */
export function parseArgs(tool: ArgToolSpec, args: readonly string[]): ArgValues {
  return new ArgReader(tool, args).read();
}

class ArgReader {
  private readonly tool: ArgToolSpec;
  private readonly waiting: string[];
  private readonly values = new Map<string, string[]>();
  private readonly seen = new Set<ArgSpec>();
  private verb: string | undefined;

  constructor(tool: ArgToolSpec, args: readonly string[]) {
    this.tool = tool;
    this.waiting = [...args];
  }

  read(): ArgValues {
    for (let arg = this.waiting.shift(); arg !== undefined; arg = this.waiting.shift()) {
      if (this.isFlag(arg)) this.takeFlag(arg);
      else this.takeWord(arg);
    }
    if (this.tool.commands !== undefined && this.verb === undefined) throw this.refuse('too few arguments');
    for (const spec of this.parsers()) this.checkComplete(spec);
    return new ArgValues(this.verb, this.values);
  }

  /** The command's parser, and the verb's. */
  private parsers(): ArgParserSpec[] {
    const verb = this.verb === undefined ? undefined : this.tool.commands?.verbs[this.verb];
    return verb === undefined ? [this.tool] : [this.tool, verb];
  }

  private get parser(): ArgParserSpec {
    return this.parsers().at(-1) ?? this.tool;
  }

  private isFlag(arg: string): boolean {
    return arg.startsWith('-') && arg !== '-' && !/^-\d/.test(arg);
  }

  private takeWord(arg: string): void {
    const { commands } = this.tool;
    if (commands === undefined || this.verb !== undefined) {
      throw this.refuse(`unrecognized arguments: '${arg}'`);
    }
    const names = Object.keys(commands.verbs);
    const matching = names.filter((name) => name === arg);
    if (matching.length === 0) {
      const choices = names.map((name) => `'${name}'`).join(', ');
      throw this.refuse(`invalid choice: '${arg}' (choose from ${choices})`, suggestions(arg, names));
    }
    this.checkComplete(this.tool);
    this.verb = arg;
  }

  private takeFlag(given: string): void {
    const [, name = given, inline] = /^(--[^=]+)=(.*)$/s.exec(given) ?? [];
    const spec = this.find(name, given);
    if (spec.takes === 'help') {
      throw new ToolExit(this.tool.helpExitCode ?? 1, { stdout: helpOf(this.tool, this.verb) });
    }
    if (spec.takes === 'version') throw new ToolExit(0, { stdout: `${this.tool.version}\n` });
    this.checkGroup(spec);
    this.seen.add(spec);
    if (!hasValue(spec)) {
      this.values.set(destOf(spec), ['true']);
      return;
    }
    const found = inline === undefined ? this.valuesBehind(spec) : [inline];
    for (const value of found) this.checkValue(spec, value);
    const before = spec.takes === 'each' ? (this.values.get(destOf(spec)) ?? []) : [];
    this.values.set(destOf(spec), [...before, ...found]);
  }

  private valuesBehind(spec: ArgSpec): string[] {
    const values: string[] = [];
    const most = spec.takes === 'many' ? Number.POSITIVE_INFINITY : 1;
    while (values.length < most) {
      const next = this.waiting[0];
      if (next === undefined || this.isFlag(next)) break;
      values.push(next);
      this.waiting.shift();
    }
    if (values.length === 0) {
      const wanted = spec.takes === 'many' ? 'expected 1 argument(s)' : 'expected one argument';
      throw this.refuse(`argument ${spec.flags.join('/')}: ${wanted}`);
    }
    return values;
  }

  private find(name: string, given: string): ArgSpec {
    const all = argsOf(this.parser);
    const exact = all.find(({ flags }) => flags.includes(name));
    if (exact !== undefined) return exact;
    const long = all.flatMap(({ flags }) => flags.filter((flag) => flag.startsWith('--')));
    const matching = name.startsWith('--') ? long.filter((flag) => flag.startsWith(name)).sort() : [];
    if (matching.length > 1) {
      throw this.refuse(`ambiguous option: ${name} could match ${matching.join(', ')}`);
    }
    const abbreviated = all.find(({ flags }) => flags.includes(matching[0] ?? ''));
    if (abbreviated !== undefined) return abbreviated;
    const words = all.filter(({ hidden }) => hidden !== true).flatMap(({ flags }) => flags);
    throw this.refuse(
      `unrecognized arguments: '${given}'`,
      given.startsWith('--') ? suggestions(given, words) : [],
    );
  }

  private checkGroup(spec: ArgSpec): void {
    if (spec.group === undefined || this.parser.groups?.[spec.group]?.isOpen === true) return;
    const other = [...this.seen].find((seen) => seen.group === spec.group && seen !== spec);
    if (other === undefined) return;
    const [mine, theirs] = [spec.flags.join('/'), other.flags.join('/')];
    throw this.refuse(`argument ${mine}: not allowed with argument ${theirs}`);
  }

  private checkValue(spec: ArgSpec, value: string): void {
    const flag = `argument ${spec.flags.join('/')}`;
    if (spec.choices !== undefined && !spec.choices.includes(value)) {
      throw this.refuse(`${flag}: invalid choice: '${value}' (choose from {${spec.choices.join(',')}})`);
    }
    if (spec.type === undefined) return;
    const range = RANGES[spec.type];
    const isNumber =
      range === undefined
        ? value.trim() !== '' && !Number.isNaN(Number(value))
        : /^[+-]?\d+$/.test(value) &&
          BigInt(value.replace('+', '')) >= range[0] &&
          BigInt(value.replace('+', '')) <= range[1];
    if (!isNumber && spec.type === 'Short' && /^[+-]?\d{1,9}$/.test(value)) {
      const why = `Value out of range. Value:"${value}" Radix:10`;
      throw this.refuse(`${flag}: could not convert '${value}' to Short (${why})`);
    }
    if (!isNumber) {
      throw this.refuse(
        `${flag}: could not convert '${value}' to ${spec.type} (For input string: "${value}")`,
      );
    }
  }

  private checkComplete(spec: ArgParserSpec): void {
    const missing = spec.args.filter((arg) => arg.required === true && !this.seen.has(arg)).at(-1);
    if (missing !== undefined) throw this.refuse(`argument ${missing.flags.join('/')} is required`);
    for (const arg of spec.args) {
      if (this.seen.has(arg)) continue;
      const name = destOf(arg);
      if (arg.defaultValue !== undefined && !this.values.has(name)) this.values.set(name, [arg.defaultValue]);
    }
    for (const [name, { required }] of Object.entries(spec.groups ?? {})) {
      const members = spec.args.filter(({ group }) => group === name);
      if (required !== true || members.some((arg) => this.seen.has(arg))) continue;
      const flags = members.map((arg) => arg.flags.join('/')).join(' ');
      throw this.refuse(`one of the arguments ${flags} is required`);
    }
  }

  private refuse(message: string, meant: readonly string[] = []): ToolExit {
    return argError(this.tool, message, { verb: this.verb, meant });
  }
}

/** Ends a command whose arguments do not do: usage, error, and what may have been meant. */
export function argError(
  tool: ArgToolSpec,
  message: string,
  { verb, meant = [] }: { readonly verb?: string | undefined; readonly meant?: readonly string[] } = {},
): ToolExit {
  const error = justify(`${tool.prog}: error: ${message}\n`);
  const hint = meant.length === 0 ? '' : `\nDid you mean:\n${meant.map((word) => `\t${word}\n`).join('')}`;
  return new ToolExit(1, { stderr: `${usageText(tool, verb)}${error}${hint}` });
}
