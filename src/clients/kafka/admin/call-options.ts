/** What every call of an admin client takes. */
export interface CallOptions {
  /** How long the call may take, repetitions included. Default `apiTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}
