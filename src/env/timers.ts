/** A timer under way. Cancelling twice, or after it has fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/** Deferred work. Callbacks run in a turn of their own, never inside the call that set them. */
export interface Timers {
  /** Runs `action` once, `delayMs` (>= 0) from now. */
  after(delayMs: number, action: () => void): Timer;
  /** Runs `action` every `intervalMs` until cancelled. */
  every(intervalMs: number, action: () => void): Timer;
  /** Runs `action` at the end of the current turn of the event loop, after the I/O events already waiting. */
  soon(action: () => void): void;
}
