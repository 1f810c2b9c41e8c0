import type { Env } from '../../env/env.ts';
import type { Timer } from '../../env/timers.ts';
import type { ServerAddress } from './connect-string.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 60_000;
const ANSWER_TIMEOUT_MS = 1000;

/** Asks a server by `isro` whether it takes writes; no answer counts as no. */
async function takesWrites(env: Env, server: ServerAddress): Promise<boolean> {
  const connection = await env.net.connect({ ...server, timeoutMs: ANSWER_TIMEOUT_MS });
  return new Promise((resolve) => {
    let answer = '';
    const timer = env.timers.after(ANSWER_TIMEOUT_MS, () => connection.destroy());
    connection.start({
      data: (bytes) => {
        answer += bytes.toString('latin1');
        if (answer.length >= 2) connection.destroy();
      },
      close: () => {
        timer.cancel();
        resolve(answer.startsWith('rw'));
      },
    });
    connection.write([Buffer.from('isro')]);
  });
}

/**
 * Looks for a server that takes writes, one server after another with growing pauses, until it has found one or
 * is cancelled.
 */
export function findReadWriteServer(
  env: Env,
  servers: readonly ServerAddress[],
  found: (server: ServerAddress) => void,
): Timer {
  let isCancelled = false;
  let timer: Timer;
  let attempt = 0;
  const askNext = (): void => {
    const server = servers[attempt % servers.length];
    if (server === undefined) return;
    attempt += 1;
    // A server that cannot be reached takes no writes either.
    takesWrites(env, server)
      .catch(() => false)
      .then((does) => {
        if (isCancelled) return;
        if (does) found(server);
        else wait();
      });
  };
  const wait = (): void => {
    timer = env.timers.after(Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS), askNext);
  };
  wait();
  return {
    cancel: () => {
      isCancelled = true;
      timer.cancel();
    },
  };
}
