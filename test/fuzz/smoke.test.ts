import { describe, test } from 'node:test';
import { SeededNumbers } from './fuzz-target.ts';
import { fuzzTargets } from './targets.ts';

const ATTEMPTS = 3000;

describe('fuzz smoke', () => {
  for (const makeTarget of fuzzTargets) {
    const target = makeTarget();
    test(target.name, () => {
      for (let seed = 0; seed < ATTEMPTS; seed++) {
        try {
          target.attempt(new SeededNumbers(seed));
        } catch (error) {
          throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
        }
      }
    });
  }
});
