import type { Env } from '../../env/env.ts';
import type { QuotaExcess } from '../pipeline/quota-check.ts';

const QUIET_MS = 10_000;

/** Logs exceeded quotas, one line for each limit in ten seconds at most: writers do not stop at a soft limit. */
export class QuotaLog {
  private readonly env: Pick<Env, 'clock' | 'log'>;
  private readonly toldAtMs = new Map<string, number>();

  constructor(env: Pick<Env, 'clock' | 'log'>) {
    this.env = env;
  }

  tell({ path, what, isHard, limit, usage }: QuotaExcess): void {
    const nowMs = this.env.clock.monotonicMs();
    const key = `${what}:${isHard}:${path}`;
    const toldAtMs = this.toldAtMs.get(key);
    if (toldAtMs !== undefined && nowMs - toldAtMs < QUIET_MS) return;
    this.forgetOld(nowMs);
    this.toldAtMs.set(key, nowMs);
    this.env.log.warn('quota exceeded', { path, what, limit, usage, kind: isHard ? 'hard' : 'soft' });
  }

  private forgetOld(nowMs: number): void {
    for (const [key, atMs] of this.toldAtMs) if (nowMs - atMs >= QUIET_MS) this.toldAtMs.delete(key);
  }
}
