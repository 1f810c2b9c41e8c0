import { type ChildProcess, spawn } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  timeoutMs?: number;
  input?: string;
  /** A file to feed to standard input, instead of `input`. */
  inputFile?: string;
  /** A file that takes standard output, instead of `stdout`. */
  outputFile?: string;
  /** Accepts a non-zero exit instead of throwing. */
  mayFail?: boolean;
}

/** Runs a program to its end; throws with the tail of its output when it fails or takes too long. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    if (options.outputFile !== undefined) child.stdout.pipe(createWriteStream(options.outputFile));
    else {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
      });
    }
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const limit = options.timeoutMs ?? 180_000;
    const timer = setTimeout(() => child.kill('SIGKILL'), limit);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0 || (options.mayFail === true && code !== null)) resolve({ code, stdout, stderr });
      else {
        const why = code === null ? `ended by ${signal} (limit ${limit} ms)` : `exit code ${code}`;
        reject(
          new Error(`${command} ${args.join(' ').slice(0, 200)}: ${why}\n${tail(stdout)}\n${tail(stderr)}`),
        );
      }
    });
    child.stdin.on('error', () => undefined);
    if (options.inputFile !== undefined) createReadStream(options.inputFile).pipe(child.stdin);
    else child.stdin.end(options.input ?? '');
  });
}

function tail(text: string): string {
  return text.split('\n').slice(-25).join('\n');
}

interface DaemonOptions {
  /** Takes what the process prints. */
  logFile: string;
  /** Takes standard output instead, where that is data; `shows` then sees standard error alone. */
  outputFile?: string;
  env?: Record<string, string>;
}

/** A long-running process whose output goes to a file; ended by pid only. */
export class Daemon {
  readonly child: ChildProcess;
  private readonly exited: Promise<number | null>;
  private output = '';

  constructor(command: string, args: readonly string[], options: DaemonOptions) {
    const file = createWriteStream(options.logFile, { flags: 'a' });
    this.child = spawn(command, args, {
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (options.outputFile !== undefined)
      this.child.stdout?.pipe(createWriteStream(options.outputFile, { flags: 'a' }));
    const shown = options.outputFile === undefined ? [this.child.stdout] : [];
    for (const stream of [...shown, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output = (this.output + text).slice(-200_000);
        file.write(text);
      });
    }
    this.exited = new Promise((resolve, reject) => {
      this.child.on('error', reject);
      this.child.on('close', (code) => {
        file.end();
        resolve(code);
      });
    });
    this.exited.catch(() => undefined);
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the process did not start');
    return this.child.pid;
  }

  /** Resolves with the match once the output shows `pattern`; fails when the process ends first. */
  async shows(pattern: RegExp, withinMs: number): Promise<RegExpMatchArray> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const match = this.output.match(pattern);
      if (match !== null) return match;
      if (this.child.exitCode !== null)
        throw new Error(`process ended with ${this.child.exitCode}:\n${tail(this.output)}`);
      if (performance.now() > deadline)
        throw new Error(`no ${pattern} within ${withinMs} ms:\n${tail(this.output)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Sends a signal and waits until the process is gone. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', withinMs = 30_000): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), withinMs);
    await this.exited;
    clearTimeout(timer);
  }
}
