import type { Env } from '../../src/env/env.ts';
import { MemoryDisk } from '../../src/env/memory/memory-disk.ts';
import { createNodeEnv } from '../../src/env/node/create-node-env.ts';

/** The real environment but for its disk, which is in memory and empty. Logs nothing. */
export function memoryEnv(): Env {
  const env = createNodeEnv({ logLevel: 'silent' });
  return { ...env, disk: new MemoryDisk(env.clock) };
}
