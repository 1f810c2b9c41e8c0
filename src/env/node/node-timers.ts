import { assert } from '../../base/assert.ts';
import type { Timer, Timers } from '../timers.ts';

/** The longest delay that the runtime counts right; a longer one it would take for 1 ms. */
const LONGEST_DELAY_MS = 0x7fff_ffff;

function after(delayMs: number, action: () => void): Timer {
  assert(delayMs >= 0, `timer delay ${delayMs} must not be negative`);
  let handle: NodeJS.Timeout;
  const arm = (restMs: number): void => {
    const stepMs = Math.min(restMs, LONGEST_DELAY_MS);
    handle = setTimeout(() => (restMs > stepMs ? arm(restMs - stepMs) : action()), stepMs);
  };
  arm(delayMs);
  return { cancel: () => clearTimeout(handle) };
}

function every(intervalMs: number, action: () => void): Timer {
  assert(intervalMs > 0, `timer interval ${intervalMs} must be positive`);
  if (intervalMs <= LONGEST_DELAY_MS) {
    const handle = setInterval(action, intervalMs);
    return { cancel: () => clearInterval(handle) };
  }
  // Intervals that mean "never" (2^63-1 in a configuration) are longer than the runtime can count.
  let timer: Timer;
  const arm = (): void => {
    timer = after(intervalMs, () => {
      arm();
      action();
    });
  };
  arm();
  return { cancel: () => timer.cancel() };
}

/** Timers of the event loop. */
export const nodeTimers: Timers = { after, every, soon: (action) => void setImmediate(action) };
