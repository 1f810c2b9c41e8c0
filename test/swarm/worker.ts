/** Runs the seeds that it is sent, one after the other, for `seed-pool.ts`. */
import { parentPort } from 'node:worker_threads';
import { runSeed } from './run-seed.ts';
import type { SeedTask } from './seed-pool.ts';
import { systems } from './systems.ts';

parentPort?.on('message', ({ system: name, seed, steps }: SeedTask) => {
  const system = systems.find((each) => each.name === name);
  if (system === undefined) throw new Error(`no system is named ${name}`);
  runSeed(system, { seed, steps }).then(
    (report) => parentPort?.postMessage(report),
    (error: unknown) => {
      throw error;
    },
  );
});
