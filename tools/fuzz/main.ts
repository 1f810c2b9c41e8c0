/** `npm run fuzz -- [SECONDS] [FIRST_SEED]`: feeds every fuzz target with hostile input for that long. */
import { SeededNumbers } from '../../test/fuzz/fuzz-target.ts';
import { fuzzTargets } from '../../test/fuzz/targets.ts';

const DEFAULT_SECONDS = 60;
/** The clock is read once per so many attempts. */
const ATTEMPTS_PER_ROUND = 500;
const MAX_FAILURES = 5;

const seconds = Number(process.argv[2] ?? DEFAULT_SECONDS);
const firstSeed = Number(process.argv[3] ?? 0);
if (!(seconds > 0) || !Number.isInteger(firstSeed)) {
  console.error('usage: npm run fuzz -- [SECONDS] [FIRST_SEED]');
  process.exitCode = 2;
} else {
  process.exitCode = fuzz(seconds, firstSeed);
}

function fuzz(budgetSeconds: number, from: number): number {
  let failures = 0;
  for (const makeTarget of fuzzTargets) {
    const target = makeTarget();
    const end = performance.now() + (budgetSeconds * 1000) / fuzzTargets.length;
    let seed = from;
    while (performance.now() < end && failures < MAX_FAILURES) {
      for (let i = 0; i < ATTEMPTS_PER_ROUND; i++, seed++) {
        try {
          target.attempt(new SeededNumbers(seed));
        } catch (error) {
          failures++;
          console.error(`${target.name}, seed ${seed}:`, error);
        }
      }
    }
    const heapMb = Math.round(process.memoryUsage().rss / 2 ** 20);
    console.log(`${target.name}: seeds ${from} to ${seed - 1}, ${failures} failures, ${heapMb} MB resident`);
  }
  return failures === 0 ? 0 : 1;
}
