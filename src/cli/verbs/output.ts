import { createStyle, type Style } from './style.ts';
import { type Cell, tableText } from './table.ts';

/** One of the two standard streams. */
export interface TextStream {
  readonly isTerminal: boolean;
  write(content: string | Uint8Array): void;
}

export interface OutputOptions {
  readonly json: boolean;
  readonly out: TextStream;
  readonly err: TextStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Where a verb prints: text for people, or one JSON object for programs (`--json`), errors included. Only results go to
 * standard output; remarks, warnings and errors of text go to standard error.
 */
export class Output {
  readonly json: boolean;
  readonly style: Style;
  private readonly errorStyle: Style;
  private readonly out: TextStream;
  private readonly err: TextStream;

  constructor({ json, out, err, environment }: OutputOptions) {
    this.json = json;
    this.out = out;
    this.err = err;
    this.style = createStyle({ isTerminal: out.isTerminal, environment });
    this.errorStyle = createStyle({ isTerminal: err.isTerminal, environment });
  }

  /** Whether somebody watches standard error, so that progress may be shown there. */
  get showsProgress(): boolean {
    return !this.json && this.err.isTerminal;
  }

  /** The result of a verb: `value` for programs, what `print` prints for people. */
  result(value: unknown, print: () => void): void {
    if (this.json) this.out.write(`${jsonText(value)}\n`);
    else print();
  }

  /** Bytes or text as they are: of streams, NDJSON with `--json`. */
  raw(content: string | Uint8Array): void {
    this.out.write(content);
  }

  line(text = ''): void {
    this.out.write(`${text}\n`);
  }

  table(heading: readonly string[], rows: readonly (readonly Cell[])[]): void {
    this.out.write(tableText(heading, rows, this.style));
  }

  /** A word for people beside the result. */
  remark(text: string): void {
    if (!this.json) this.err.write(`${text}\n`);
  }

  warn(text: string): void {
    this.err.write(`${this.errorStyle('yellow', 'warning:')} ${text}\n`);
  }

  /** What went wrong: an object on standard output for programs, a line on standard error for people. */
  error(code: string, message: string): void {
    if (this.json) this.out.write(`${jsonText({ error: { code, message } })}\n`);
    else this.err.write(`${this.errorStyle('red', 'error:')} ${message}\n`);
  }

  /** Overwrites the line at the end of standard error. For progress alone. */
  rewriteLine(text: string): void {
    this.err.write(`\r\u001b[K${text}`);
  }
}

/** JSON of values that may hold bigints and maps. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'bigint')
      return Number.isSafeInteger(Number(inner)) ? Number(inner) : inner.toString();
    if (inner instanceof Map) return Object.fromEntries(inner);
    return inner;
  });
}
