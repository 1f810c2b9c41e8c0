import type { Env } from '../env/env.ts';

const LIMIT_MS = 5000;

/** Asks a ZooKeeper server a four-letter word; undefined when nobody answers. */
export async function fourLetterWord(
  env: Env,
  host: string | undefined,
  port: number,
  word: string,
): Promise<string | undefined> {
  const connection = await env.net
    .connect({ host: host ?? '127.0.0.1', port, timeoutMs: LIMIT_MS })
    .catch(() => undefined);
  if (connection === undefined) return undefined;
  return new Promise((settle) => {
    const parts: Buffer[] = [];
    const timer = env.timers.after(LIMIT_MS, () => connection.destroy());
    connection.start({
      data: (bytes) => parts.push(bytes),
      close: () => {
        timer.cancel();
        const text = Buffer.concat(parts).toString();
        settle(text === '' ? undefined : text);
      },
    });
    connection.write([Buffer.from(word)]);
  });
}
