const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** The first SIGINT or SIGTERM ends what is under way in an orderly way, the second ends the process. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** What a JVM exits with that was ended by that signal; undefined when none came. */
  readonly exitCode: number | undefined;
}

export function interruption(): Interruption {
  const controller = new AbortController();
  const state: { signal: AbortSignal; exitCode: number | undefined } = {
    signal: controller.signal,
    exitCode: undefined,
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(EXIT_CODES[name]);
      state.exitCode = EXIT_CODES[name];
      controller.abort();
    });
  }
  return state;
}
