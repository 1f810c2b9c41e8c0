import type { Random } from '../../../env/random.ts';

const JITTER = 0.2;

/** A pause that doubles with every failure up to `maxMs`, a fifth more or less (KIP-580). `failures` counts from 1. */
export function backoffMs(random: Random, firstMs: number, maxMs: number, failures: number): number {
  const plain = Math.min(maxMs, firstMs * 2 ** Math.max(0, failures - 1));
  return plain * (1 - JITTER + 2 * JITTER * random.float());
}
