import type { Timers } from '../../../env/timers.ts';
import { pause } from './pause.ts';

/** Wakes those who wait for something to happen; what they wait for they look at themselves. */
export class Bell {
  private readonly timers: Timers;
  private waiting: AbortController | undefined;

  constructor(timers: Timers) {
    this.timers = timers;
  }

  /** Ends all waits of this moment. */
  ring(): void {
    this.waiting?.abort();
    this.waiting = undefined;
  }

  /** Resolves at the next ring, or after `timeoutMs`; rejects with the signal's reason. */
  async wait(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.waiting ??= new AbortController();
    const rung = this.waiting.signal;
    const either = signal === undefined ? rung : AbortSignal.any([rung, signal]);
    try {
      await pause(this.timers, timeoutMs, either);
    } catch (error) {
      if (!rung.aborted || signal?.aborted === true) throw error;
    }
  }
}
