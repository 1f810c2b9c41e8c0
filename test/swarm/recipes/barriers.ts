import { Barrier } from '../../../src/clients/zookeeper/index.ts';
import type { Play, Stage } from './play.ts';
import type { Worker } from './worker.ts';

/** Nobody passes a barrier that is set, and everybody passes one that is not. */
export class BarrierPlay implements Play {
  readonly name = 'barrier';
  private readonly stage: Stage;
  /** How many removals have begun, and how many of them may still happen. */
  private removals = 0;
  private pendingRemovals = 0;
  /** `set` has resolved, and no removal was under way since it was called. */
  private isSet = false;

  constructor(stage: Stage) {
    this.stage = stage;
  }

  async round(worker: Worker): Promise<void> {
    const what = worker.random.below(4);
    if (what === 0) await this.remove(worker);
    else if (what === 1) await this.set(worker);
    else await this.pass(worker);
  }

  async finish(worker: Worker): Promise<void> {
    await this.set(worker);
    await this.remove(worker);
    await this.pass(worker);
  }

  private async set(worker: Worker): Promise<void> {
    const { removals, pendingRemovals } = this;
    await this.barrier(worker).set();
    if (pendingRemovals === 0 && this.removals === removals) this.isSet = true;
  }

  private async remove(worker: Worker): Promise<void> {
    this.isSet = false;
    this.removals++;
    this.pendingRemovals++;
    try {
      await this.barrier(worker).remove();
    } finally {
      // One that fails with its session may have happened, but does not happen later.
      this.pendingRemovals--;
    }
  }

  private async pass(worker: Worker): Promise<void> {
    const { isSet, removals } = this;
    await this.barrier(worker).wait({ signal: worker.signal });
    if (isSet && this.removals === removals) {
      this.stage.violated('nobody passes a barrier that is set', `${worker.name} did`);
    }
  }

  private barrier({ client }: Worker): Barrier {
    return new Barrier(client, '/recipes/barrier');
  }
}
