import type { Clock } from '../../env/clock.ts';
import type { Output } from './output.ts';

const BAR_WIDTH = 30;
const REDRAW_MS = 100;

/** A bar on standard error for work that takes long; nothing where nobody watches. */
export class Progress {
  private readonly output: Output;
  private readonly clock: Clock;
  private readonly what: string;
  private readonly total: number | undefined;
  private drawnAtMs = Number.NEGATIVE_INFINITY;
  private readonly startedAtMs: number;

  /** `total` is undefined where the end is not known. */
  constructor(output: Output, clock: Clock, what: string, total?: number) {
    this.output = output;
    this.clock = clock;
    this.what = what;
    this.total = total;
    this.startedAtMs = clock.monotonicMs();
  }

  update(done: number): void {
    if (!this.output.showsProgress) return;
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.drawnAtMs < REDRAW_MS && done !== this.total) return;
    this.drawnAtMs = nowMs;
    this.output.rewriteLine(progressText(this.what, done, this.total, (nowMs - this.startedAtMs) / 1000));
  }

  /** Takes the bar away. */
  end(): void {
    if (this.output.showsProgress && this.drawnAtMs !== Number.NEGATIVE_INFINITY) this.output.rewriteLine('');
  }
}

/** Such as `records [#######.......] 50/100 25/s`. */
export function progressText(
  what: string,
  done: number,
  total: number | undefined,
  elapsedSeconds: number,
): string {
  const rate = elapsedSeconds > 0 ? ` ${Math.round(done / elapsedSeconds)}/s` : '';
  if (total === undefined || total <= 0) return `${what} ${done}${rate}`;
  const filled = Math.min(BAR_WIDTH, Math.floor((done / total) * BAR_WIDTH));
  return `${what} [${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}] ${done}/${total}${rate}`;
}
