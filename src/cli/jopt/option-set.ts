import { CliError } from '../failure.ts';
import { OptionError } from './option-error.ts';
import type { OptionSpec, OptionSpecs } from './option-spec.ts';

/** What was given on a command line, by the names of its options. */
export class OptionSet<Name extends string = string> {
  private readonly specs: OptionSpecs;
  private readonly given: ReadonlyMap<string, readonly string[]>;
  /** Arguments that belong to no option. */
  readonly rest: readonly string[];
  /** The options in the order of the command line, each as often as it stands there. */
  readonly order: readonly string[];

  constructor(
    specs: OptionSpecs,
    given: ReadonlyMap<string, readonly string[]>,
    line: { readonly rest: readonly string[]; readonly order: readonly string[] },
  ) {
    this.specs = specs;
    this.given = given;
    this.rest = line.rest;
    this.order = line.order;
  }

  /** Whether the option stands on the command line, with or without a value. */
  has(name: Name): boolean {
    return this.given.has(name);
  }

  /** All values of a repeated option in their order; the defaults where it is not given. */
  all(name: Name): readonly string[] {
    const values = this.given.get(name) ?? [];
    return values.length > 0 ? values : (this.spec(name).defaults ?? []);
  }

  /** The value of an option that may be given once. Throws {@link OptionError} where there are several. */
  text(name: Name): string | undefined {
    const values = this.all(name);
    if (values.length > 1) throw OptionError.multiple(name);
    return values[0];
  }

  /** As {@link text}, for an option that has a default or was asked for before. */
  required(name: Name): string {
    const value = this.text(name);
    if (value === undefined) throw new CliError(`--${name} needs a value`);
    return value;
  }

  /** An `Integer`, or a `Long` as near as a number comes. Throws {@link OptionError} for what is none. */
  number(name: Name): number | undefined {
    const value = this.bigint(name);
    return value === undefined ? undefined : Number(value);
  }

  /** An `Integer` or `Long`. Throws {@link OptionError} for what is none: only when it is asked for, as in Java. */
  bigint(name: Name): bigint | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : integerOf(name, this.spec(name), value);
  }

  private spec(name: string): OptionSpec {
    const spec = this.specs[name];
    if (spec === undefined) throw new TypeError(`the command has no option --${name}`);
    return spec;
  }
}

const RANGES: Readonly<Record<string, readonly [bigint, bigint]>> = {
  Integer: [-(2n ** 31n), 2n ** 31n - 1n],
  Long: [-(2n ** 63n), 2n ** 63n - 1n],
};

function integerOf(name: string, { type = '' }: OptionSpec, value: string): bigint {
  const [least, most] = RANGES[type] ?? [0n, 0n];
  const number = /^[+-]?\d+$/.test(value) ? BigInt(value.replace(/^\+/, '')) : undefined;
  if (number === undefined || number < least || number > most) throw OptionError.conversion(name, value);
  return number;
}
