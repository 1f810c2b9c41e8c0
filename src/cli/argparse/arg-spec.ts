/** One flag of a command whose parser is Java's argparse4j in Apache's tools. */
export interface ArgSpec {
  /** With hyphens, such as `['--config', '-c']`. The first stands in the usage, the first long one names the value. */
  readonly flags: readonly [string, ...string[]];
  readonly help: string;
  /** What its value is called. Default: the name in capitals. */
  readonly metavar?: string;
  readonly required?: true;
  /** `many` takes one value or more; `each` may be repeated; `flag` takes none. Default: one value, the last counts. */
  readonly takes?: 'flag' | 'many' | 'each' | 'help' | 'version';
  readonly type?: 'Short' | 'Integer' | 'Long' | 'Double';
  readonly defaultValue?: string;
  readonly choices?: readonly string[];
  /** The name of its group in {@link ArgParserSpec.groups}: one of a group may be given. */
  readonly group?: string;
  readonly hidden?: true;
}

/** Flags that exclude each other. */
export interface ArgGroup {
  readonly required?: true;
  /** With one of these the group has a part of its own in the help text. */
  readonly title?: string;
  readonly description?: string;
  /** Its flags do not exclude each other: it is a group for the help text alone. */
  readonly isOpen?: true;
}

export interface ArgParserSpec {
  readonly description?: string;
  /** In the order of the help text; `-h` is added in front. */
  readonly args: readonly ArgSpec[];
  readonly groups?: Readonly<Record<string, ArgGroup>>;
  /** Whether defaults stand in the help text. */
  readonly showsDefaults?: true;
}

/** A command with verbs of its own, such as `describe`. */
export interface ArgCommands {
  readonly title?: string;
  /** What stands for the verb in the usage; default: the list of them. */
  readonly metavar?: string;
  readonly verbs: Readonly<Record<string, ArgParserSpec & { readonly help: string }>>;
}

export interface ArgToolSpec extends ArgParserSpec {
  /** As the usage and errors call the command. */
  readonly prog: string;
  readonly commands?: ArgCommands;
  /** What `--version` prints. */
  readonly version?: string;
  /** Exit code of `--help`. Default 1: that is what most of Apache's tools make of it. */
  readonly helpExitCode?: number;
}

const HELP: ArgSpec = { flags: ['-h', '--help'], help: 'show this help message and exit', takes: 'help' };

/** All flags of a parser, `-h` in front. */
export function argsOf(spec: ArgParserSpec): readonly ArgSpec[] {
  return [HELP, ...spec.args];
}

/** What the value of a flag is called in namespaces: the first long flag without its hyphens. */
export function destOf({ flags }: ArgSpec): string {
  const long = flags.find((flag) => flag.startsWith('--')) ?? flags[0];
  return long.replace(/^-+/, '');
}

export function metavarOf(arg: ArgSpec): string {
  return arg.metavar ?? destOf(arg).replaceAll('-', '_').toUpperCase();
}

/** Whether a flag is followed by a value. */
export function hasValue({ takes }: ArgSpec): boolean {
  return takes === undefined || takes === 'many' || takes === 'each';
}
