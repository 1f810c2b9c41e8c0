import { Worker } from 'node:worker_threads';
import type { SeedReport } from './run-seed.ts';

export interface SeedTask {
  readonly system: string;
  readonly seed: number;
  readonly steps: number;
}

/**
 * Runs seeds on several threads, each of which gets the next one as soon as it is free. `take` hears of each in the
 * order in which they end. Rejects with the task when a thread fails outside of a run: an error that nobody handled.
 */
export async function runSeeds(
  tasks: readonly SeedTask[],
  jobs: number,
  take: (report: SeedReport) => Promise<void>,
): Promise<void> {
  let next = 0;
  const thread = async (): Promise<void> => {
    const worker = new Worker(new URL('./worker.js', import.meta.url));
    try {
      for (let task = tasks[next++]; task !== undefined; task = tasks[next++]) {
        await take(await runOn(worker, task));
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, tasks.length) }, thread));
}

function runOn(worker: Worker, task: SeedTask): Promise<SeedReport> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(new LostError(task, error));
    worker.once('error', fail);
    worker.once('message', (report: SeedReport) => {
      worker.off('error', fail);
      resolve(report);
    });
    worker.postMessage(task);
  });
}

/** A program under simulation lost an error: it ended the thread instead of the run. */
export class LostError extends Error {
  override name = 'LostError';
  readonly task: SeedTask;

  constructor(task: SeedTask, cause: Error) {
    super(`an error that nobody handled: ${cause.message}`, { cause });
    this.task = task;
  }
}
