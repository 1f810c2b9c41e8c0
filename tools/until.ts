import { setTimeout as delay } from 'node:timers/promises';

/** Asks again and again until there is an answer other than undefined or false; fails by name. */
export async function until<T>(
  what: string,
  check: () => Promise<T> | T,
  { withinMs = 60_000, everyMs = 50 }: { withinMs?: number; everyMs?: number } = {},
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await check();
    if (found !== undefined && found !== false) return found as Exclude<T, undefined | false>;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await delay(everyMs);
  }
}
