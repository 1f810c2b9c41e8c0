/** One option of a command: `-name`, or `-name value`. */
export interface OptionSpec {
  readonly name: string;
  readonly takesValue?: boolean;
  readonly description: string;
}

export interface OptionRules {
  readonly options: readonly OptionSpec[];
  /** Whether the options exclude each other. */
  readonly exclusive?: boolean;
  /** Whether one of the options has to be there. */
  readonly required?: boolean;
}

/** A command line that does not fit its command; the message is that of Apache's parser. */
export class CommandLineError extends Error {
  override name = 'CommandLineError';

  constructor(kind: string, text: string) {
    super(`org.apache.commons.cli.${kind}: ${text}`);
  }
}

/** Words and options of one command line. */
export class CommandLine {
  /** What is no option, the command's own name first. */
  readonly words: string[] = [];
  private readonly values = new Map<string, string | undefined>();

  has(option: string): boolean {
    return this.values.has(option);
  }

  /** The first value that was given. */
  value(option: string): string | undefined {
    return this.values.get(option);
  }

  set(option: string, value: string | undefined): void {
    this.values.set(option, this.values.get(option) ?? value);
  }
}

/**
 * Parses as the DefaultParser of commons-cli 1.5 does: options may stand anywhere, short ones may be run together
 * (`-sw`), a value may follow at once (`-v3`) or after `=`, `--` ends the options. Throws {@link CommandLineError}.
 */
export function parseCommandLine(words: readonly string[], rules: OptionRules): CommandLine {
  const parser = new Parser(rules);
  for (const word of words) parser.take(word);
  return parser.end();
}

class Parser {
  private readonly rules: OptionRules;
  private readonly byName: ReadonlyMap<string, OptionSpec>;
  private readonly line = new CommandLine();
  /** The option that waits for its value. */
  private waiting: OptionSpec | undefined;
  private selected: string | undefined;
  private optionsEnded = false;

  constructor(rules: OptionRules) {
    this.rules = rules;
    this.byName = new Map(rules.options.map((option) => [option.name, option]));
  }

  take(word: string): void {
    if (this.optionsEnded) this.line.words.push(word);
    else if (word === '--') this.optionsEnded = true;
    else if (this.waiting !== undefined && this.isValue(word)) this.give(this.waiting, word);
    else if (word.startsWith('-') && word !== '-') this.takeOption(word);
    else this.line.words.push(word);
  }

  end(): CommandLine {
    this.checkValue();
    const { options, required } = this.rules;
    if (required === true && this.selected === undefined) {
      const all = options.map(({ name, description }) => `-${name} ${description}`).join(', ');
      throw new CommandLineError('MissingOptionException', `Missing required option: [${all}]`);
    }
    return this.line;
  }

  private isValue(word: string): boolean {
    if (/^-?(\d|\.\d)/.test(word) && !Number.isNaN(Number(word))) return true;
    if (!word.startsWith('-') || word.length === 1) return true;
    const name = word.slice(1).split('=')[0] ?? '';
    return !this.byName.has(name) && !this.byName.has(name.charAt(0));
  }

  private give(option: OptionSpec, value: string): void {
    const quoted = /^"([^"]*)"$/.exec(value)?.[1];
    this.line.set(option.name, quoted ?? value);
    this.waiting = undefined;
  }

  private takeOption(word: string): void {
    const text = word.slice(1);
    const option = this.byName.get(text);
    if (option !== undefined) {
      this.select(option);
      return;
    }
    const equals = text.indexOf('=');
    if (equals === 1) {
      const known = this.byName.get(text.charAt(0));
      if (known?.takesValue !== true) throw unrecognized(word);
      this.select(known);
      this.give(known, text.slice(2));
      return;
    }
    this.takeRunTogether(word);
  }

  /** `-sw`, and `-v3`. */
  private takeRunTogether(word: string): void {
    for (let at = 1; at < word.length; at++) {
      const option = this.byName.get(word.charAt(at));
      if (option === undefined) throw unrecognized(word);
      this.select(option);
      if (option.takesValue === true && at + 1 < word.length) {
        this.give(option, word.slice(at + 1));
        return;
      }
    }
  }

  private select(option: OptionSpec): void {
    this.checkValue();
    if (this.rules.exclusive === true && this.selected !== undefined && this.selected !== option.name) {
      throw new CommandLineError(
        'AlreadySelectedException',
        `The option '${option.name}' was specified but an option from this group has already been selected: ` +
          `'${this.selected}'`,
      );
    }
    this.selected = option.name;
    if (option.takesValue === true) this.waiting = option;
    else this.line.set(option.name, undefined);
  }

  private checkValue(): void {
    if (this.waiting === undefined) return;
    throw new CommandLineError(
      'MissingArgumentException',
      `Missing argument for option: ${this.waiting.name}`,
    );
  }
}

function unrecognized(word: string): CommandLineError {
  return new CommandLineError('UnrecognizedOptionException', `Unrecognized option: ${word}`);
}

/** The options as commons-cli's HelpFormatter prints them. */
export function describeOptions(options: readonly OptionSpec[]): string {
  const rows = [...options]
    .sort((a, b) => a.name.toLowerCase().localeCompare(b.name.toLowerCase()))
    .map(({ name, takesValue, description }) => ({
      left: ` -${name}${takesValue === true ? ' <arg>' : ''}`,
      description,
    }));
  const width = Math.max(...rows.map(({ left }) => left.length)) + 3;
  return rows.map(({ left, description }) => `${left.padEnd(width)}${description}\n`).join('');
}
