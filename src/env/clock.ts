/** Time, as the core sees it. */
export interface Clock {
  /** Wall clock in milliseconds since the epoch; may jump. For stamps that users see. */
  nowMs(): number;
  /** Monotonic milliseconds from an arbitrary origin, with a fraction. For timeouts and durations. */
  monotonicMs(): number;
}
