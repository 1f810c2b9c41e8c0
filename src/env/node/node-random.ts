import { randomBytes } from 'node:crypto';
import { assert } from '../../base/assert.ts';
import type { Random } from '../random.ts';

/** The runtime's generator for choices, the system's for secrets. */
export const nodeRandom: Random = {
  float: () => Math.random(),
  below: (bound) => {
    assert(Number.isSafeInteger(bound) && bound > 0, `bound ${bound} of a random integer must be above 0`);
    return Math.floor(Math.random() * bound);
  },
  bytes: (length) => randomBytes(length),
};
