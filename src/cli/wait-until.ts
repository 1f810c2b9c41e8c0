import type { Env } from '../env/env.ts';

const POLL_MS = 20;

/** Waits until `done`, looking again and again; false when the time is over. */
export function waitUntil(env: Env, limitMs: number, done: () => boolean): Promise<boolean> {
  const deadlineMs = env.clock.monotonicMs() + limitMs;
  return new Promise((settle) => {
    const look = (): void => {
      if (done()) settle(true);
      else if (env.clock.monotonicMs() > deadlineMs) settle(false);
      else env.timers.after(POLL_MS, look);
    };
    look();
  });
}
