import { SetPartitioner } from '../../../src/clients/zookeeper/index.ts';
import { Exclusion } from './exclusion.ts';
import type { Play, Stage } from './play.ts';
import type { Worker } from './worker.ts';

const ITEMS = ['p0', 'p1', 'p2', 'p3', 'p4'];
const LONGEST_ROUND_MS = 3000;

/** An item is one member's at a time; a member alone has all. */
export class PartitionerPlay implements Play {
  readonly name = 'set partitioner';
  private readonly owners: ReadonlyMap<string, Exclusion>;

  constructor(stage: Stage) {
    this.owners = new Map(ITEMS.map((item) => [item, new Exclusion(stage, item)]));
  }

  async round(worker: Worker): Promise<void> {
    const abort = new AbortController();
    void worker.pause(worker.random.below(LONGEST_ROUND_MS)).then(() => abort.abort());
    await this.takePart(worker, abort.signal, () => undefined);
  }

  async finish(worker: Worker): Promise<void> {
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, worker.signal]);
    await this.takePart(worker, signal, (count) => {
      if (count === ITEMS.length) abort.abort();
    });
    if (!abort.signal.aborted) throw worker.signal.reason;
  }

  private async takePart(
    worker: Worker,
    signal: AbortSignal,
    counted: (items: number) => void,
  ): Promise<void> {
    const ends = new Map<string, () => void>();
    const partitioner = new SetPartitioner(worker.client, '/recipes/partitions', {
      items: ITEMS,
      member: worker.name,
      assigned: (item, holding) => {
        const exclusion = this.owners.get(item);
        const holder = exclusion?.begin(worker, holding, 'alone');
        ends.set(item, () => holder !== undefined && exclusion?.end(holder));
        counted(ends.size);
      },
      revoked: async (item) => {
        await worker.dawdle();
        ends.get(item)?.();
        ends.delete(item);
      },
    });
    await partitioner.run(signal);
  }
}
