/** What an option's values must be; `String` accepts everything. */
export type ValueType = 'String' | 'Integer' | 'Long' | 'Boolean';

/** One option of a command whose parser is Java's joptsimple in Apache's tools. */
export interface OptionSpec {
  readonly description: string;
  /** The name of its value in the help text; an option without it and without `type` is a flag. */
  readonly argument?: string;
  /** `String` where there is an `argument` and no type. Other texts stand in the help text and mean `String`. */
  readonly type?: ValueType | (string & {});
  /** Whether the value may be left out. */
  readonly optionalValue?: true;
  /** The values that hold where the option is not given. */
  readonly defaults?: readonly string[];
  /** Cuts a value into several. */
  readonly separator?: string;
  /** Missed unless there is `--help` or `--version`. */
  readonly required?: true;
  /** Missed unless the option of this name is there, `--help` or `--version`. */
  readonly requiredUnless?: string;
  /** Accepted, but not in the help text: forms of older versions that Apache's command has no more. */
  readonly hidden?: true;
}

/** The options of a command by their names, without hyphens. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** Whether the option can have a value. */
export function takesValue(spec: OptionSpec): boolean {
  return spec.argument !== undefined || spec.type !== undefined;
}

/** Options that nearly all commands have. */
export const commonOptions = {
  help: { description: 'Print usage information.' },
  version: { description: 'Display Kafka version.' },
} as const satisfies OptionSpecs;
