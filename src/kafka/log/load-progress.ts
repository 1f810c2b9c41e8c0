import type { Env } from '../../env/env.ts';
import type { Timer } from '../../env/timers.ts';
import { FileSuffix, offsetOfFileName } from './file-names.ts';

const INTERVAL_MS = 5000;
const MEGABYTE = 1024 * 1024;

/** Says every few seconds how far the recovery of a log directory is. */
export class LoadProgress {
  private readonly env: Env;
  private readonly logDir: string;
  private readonly startedMs: number;
  private readonly timer: Timer;
  private logs = { done: 0, total: 0 };
  private segments = { done: 0, total: 0 };
  private bytes = { done: 0, total: 0 };

  constructor(env: Env, logDir: string) {
    this.env = env;
    this.logDir = logDir;
    this.startedMs = env.clock.monotonicMs();
    this.timer = env.timers.every(INTERVAL_MS, () => this.tell());
  }

  /** A log is to be loaded; what lies from its recovery point on is to be checked. */
  expect(directory: string, recoveryPoint: number | undefined): void {
    this.logs.total += 1;
    if (recoveryPoint === undefined) return;
    const { disk } = this.env;
    const names = disk.list(directory).filter((name) => name.endsWith(FileSuffix.log));
    const bases = names.map((name) => offsetOfFileName(name) ?? 0);
    const from = Math.max(0, ...bases.filter((base) => base <= recoveryPoint));
    for (const [index, name] of names.entries()) {
      if ((bases[index] ?? 0) < from) continue;
      this.segments.total += 1;
      this.bytes.total += disk.stat(`${directory}/${name}`)?.size ?? 0;
    }
  }

  logLoaded(): void {
    this.logs.done += 1;
  }

  segmentDone(): void {
    this.segments.done += 1;
  }

  bytesRead(bytes: number): void {
    this.bytes.done = Math.min(this.bytes.total, this.bytes.done + bytes);
  }

  private tell(): void {
    const seconds = Math.round((this.env.clock.monotonicMs() - this.startedMs) / 1000);
    this.env.log.info(
      `Loading ${this.logDir} for ${seconds} s: ${this.logs.done} of ${this.logs.total} logs, ` +
        `${this.segments.done} of ${this.segments.total} segments recovered, ` +
        `${inMegabytes(this.bytes.done)} of ${inMegabytes(this.bytes.total)} MB`,
    );
  }

  end(): void {
    this.timer.cancel();
  }
}

function inMegabytes(bytes: number): string {
  return (bytes / MEGABYTE).toFixed(1);
}
