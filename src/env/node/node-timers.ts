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
  assert(intervalMs > 0 && intervalMs <= LONGEST_DELAY_MS, `timer interval ${intervalMs} is out of range`);
  const handle = setInterval(action, intervalMs);
  return { cancel: () => clearInterval(handle) };
}

/** Timers of the event loop. */
export const nodeTimers: Timers = { after, every, soon: (action) => void setImmediate(action) };
