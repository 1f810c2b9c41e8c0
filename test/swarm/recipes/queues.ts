import { PriorityQueue, Queue } from '../../../src/clients/zookeeper/index.ts';
import { Exclusion } from './exclusion.ts';
import type { Play, Stage } from './play.ts';
import type { Worker } from './worker.ts';

const PRIORITIES = 3;

/** Workers that put numbered items and take them out. */
export class QueuePlay implements Play {
  readonly name: string;
  private readonly stage: Stage;
  private readonly hasPriorities: boolean;
  private readonly items = new Map<string, { isPut: boolean; completions: number; isDoubtful: boolean }>();
  private readonly takers = new Map<string, Exclusion>();

  constructor(stage: Stage, hasPriorities: boolean) {
    this.stage = stage;
    this.hasPriorities = hasPriorities;
    this.name = hasPriorities ? 'priority queue' : 'queue';
  }

  async round(worker: Worker): Promise<void> {
    if (worker.random.chance(0.5)) await this.put(worker);
    else await this.take(worker);
  }

  /** Takes out what is left; then nothing that was put may be missing. */
  async finish(worker: Worker): Promise<void> {
    while ((await this.queueOf(worker).count()) > 0) await this.take(worker);
    for (const [id, { isPut, completions, isDoubtful }] of this.items) {
      if (isPut && completions === 0 && !isDoubtful) {
        this.stage.violated('no item is lost', `${id} was put into the ${this.name} and never taken`);
      }
    }
  }

  private async put(worker: Worker): Promise<void> {
    const id = `item ${this.items.size}`;
    const item = { isPut: false, completions: 0, isDoubtful: false };
    this.items.set(id, item);
    const queue = this.queueOf(worker);
    const data = Buffer.from(id);
    await (queue instanceof Queue ? queue.put(data) : queue.put(data, worker.random.below(PRIORITIES)));
    item.isPut = true;
  }

  private async take(worker: Worker): Promise<void> {
    await using taken = await this.queueOf(worker).take({ signal: worker.signal });
    const id = String(taken.data);
    const item = this.items.get(id);
    if (item === undefined) {
      this.stage.violated('no inventions', `${id} was taken from the ${this.name} and never put`);
      return;
    }
    const holder = this.exclusionOf(id).begin(worker, taken, 'alone');
    await worker.dawdle();
    this.exclusionOf(id).end(holder);
    if (worker.random.chance(0.2)) return;
    try {
      await taken.complete();
    } catch (error) {
      item.isDoubtful = true;
      throw error;
    }
    item.completions++;
    if (item.completions > 1) {
      this.stage.violated('completed exactly once', `${id} of the ${this.name} was completed twice`);
    }
  }

  private exclusionOf(id: string): Exclusion {
    const exclusion = this.takers.get(id) ?? new Exclusion(this.stage, `${id} of the ${this.name}`);
    this.takers.set(id, exclusion);
    return exclusion;
  }

  private queueOf({ client }: Worker): Queue | PriorityQueue {
    return this.hasPriorities
      ? new PriorityQueue(client, '/recipes/priority-queue')
      : new Queue(client, '/recipes/queue');
  }
}
