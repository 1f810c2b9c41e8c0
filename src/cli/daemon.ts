import { join } from 'node:path';
import type { Env } from '../env/env.ts';
import { startDetached } from '../env/node/processes.ts';
import { CliError } from './failure.ts';

/** A server that lives so long after its start counts as started; what it waits for may be slow to come. */
const START_LIMIT_MS = 10_000;

/**
 * Starts this very command in the background without its `-daemon`; its output goes to a file in `LOG_DIR`. Departs from
 * Apache's scripts in waiting for the server to serve: one that cannot start is a failure.
 */
export async function startDaemon(env: Env, args: readonly string[], outputName: string): Promise<number> {
  const output = join(process.env['LOG_DIR'] ?? 'logs', outputName);
  const child = startDetached(process.argv[1] ?? '', args, output);
  if ((await child.settled(START_LIMIT_MS)) !== 'ended') return 0;
  const reason = env.disk.readFile(output).toString().trimEnd().split('\n').at(-1);
  throw new CliError(reason === undefined || reason === '' ? `the server has ended: see ${output}` : reason);
}
