import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';

export interface TerminalOptions {
  /** Where lines are remembered from one run to the next. */
  historyFile: string | undefined;
  /** Words that the last one of a line can become; resolves to none when that cannot be known. */
  complete(word: string): Promise<string[]>;
}

/** Lines that somebody types, or that are piped in. */
export interface Terminal {
  readonly isInteractive: boolean;
  /** The next line; undefined at the end of the input. The prompt is for people alone. */
  readLine(prompt: string): Promise<string | undefined>;
  /** Runs `print` so that its output does not end up in the line being typed. */
  interrupt(print: () => void): void;
  close(): void;
}

const HISTORY_LINES = 1000;

function readHistory(path: string | undefined): string[] {
  if (path === undefined || !existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').reverse();
}

/** Standard input and output as a terminal with line editing, history and completion, or as a plain stream. */
export function openTerminal(options: TerminalOptions): Terminal {
  const isInteractive = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const lines = createInterface({
    input: process.stdin,
    ...(isInteractive ? { output: process.stdout } : {}),
    terminal: isInteractive,
    history: isInteractive ? readHistory(options.historyFile) : [],
    historySize: HISTORY_LINES,
    removeHistoryDuplicates: true,
    completer: (line: string, callback: (error: Error | null, result: [string[], string]) => void) => {
      const word = /\S*$/.exec(line)?.[0] ?? '';
      options.complete(word).then(
        (words) => callback(null, [words, word]),
        (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), [[], word]),
      );
    },
  });
  return new NodeTerminal(lines, isInteractive, options.historyFile);
}

class NodeTerminal implements Terminal {
  readonly isInteractive: boolean;
  private readonly lines: Interface;
  private readonly waiting: string[] = [];
  private reader: ((line: string | undefined) => void) | undefined;
  private isClosed = false;

  constructor(lines: Interface, isInteractive: boolean, historyFile: string | undefined) {
    this.lines = lines;
    this.isInteractive = isInteractive;
    lines.on('line', (line) => {
      if (this.reader === undefined) this.waiting.push(line);
      else this.settle(line);
    });
    lines.on('close', () => {
      this.isClosed = true;
      this.settle(undefined);
    });
    // Ctrl-C gives up the line, as in a shell; Ctrl-D ends.
    lines.on('SIGINT', () => {
      process.stdout.write('\n');
      lines.write(null, { ctrl: true, name: 'e' });
      lines.write(null, { ctrl: true, name: 'u' });
      lines.prompt();
    });
    lines.on('history', (history: readonly string[]) => {
      if (isInteractive && historyFile !== undefined) saveHistory(historyFile, history);
    });
  }

  readLine(prompt: string): Promise<string | undefined> {
    const line = this.waiting.shift();
    if (line !== undefined || this.isClosed) return Promise.resolve(line);
    if (this.isInteractive) {
      this.lines.setPrompt(prompt);
      this.lines.prompt();
    }
    return new Promise((resolve) => {
      this.reader = resolve;
    });
  }

  interrupt(print: () => void): void {
    print();
    if (this.isInteractive && this.reader !== undefined) this.lines.prompt(true);
  }

  close(): void {
    this.lines.close();
  }

  private settle(line: string | undefined): void {
    const { reader } = this;
    this.reader = undefined;
    reader?.(line);
  }
}

/** A history that cannot be kept is no reason to end the shell. */
function saveHistory(path: string, history: readonly string[]): void {
  try {
    writeFileSync(path, `${[...history].reverse().join('\n')}\n`, { mode: 0o600 });
  } catch (error) {
    process.emitWarning(`the history cannot be kept in ${path}: ${String(error)}`);
  }
}
