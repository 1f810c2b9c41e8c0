import type { ZooKeeperClient } from '../zookeeper-client.ts';
import { ZooKeeperError } from '../zookeeper-error.ts';
import { type TakenItem, WorkItems } from './work-items.ts';

const LAST_PRIORITY = 0x7fff_ffff;

/** A {@link Queue} whose items have priorities: the smallest number first, among equals the first put. */
export class PriorityQueue {
  private readonly items: WorkItems;
  private readonly path: string;

  constructor(client: ZooKeeperClient, path: string) {
    this.path = path;
    // Sorting is stable, and the places come in the order of their putting.
    this.items = new WorkItems(client, path, (places) =>
      places.sort((a, b) => Number(a.label) - Number(b.label)),
    );
  }

  /** As {@link Queue.put}; `priority` is an integer from 0 (the most urgent) to 2^31 - 1. */
  put(data: Buffer | null, priority: number): Promise<void> {
    if (!Number.isInteger(priority) || priority < 0 || priority > LAST_PRIORITY) {
      const text = `priority ${priority}: give an integer from 0 to ${LAST_PRIORITY}`;
      return Promise.reject(new ZooKeeperError('BADARGUMENTS', this.path, { text }));
    }
    return this.items.put(String(priority), data);
  }

  /** Waits for an item that nobody has taken; the most urgent one there is. */
  take(options: { signal?: AbortSignal } = {}): Promise<TakenItem> {
    return this.items.take(options.signal);
  }

  /** How many items are in, taken or not. */
  count(): Promise<number> {
    return this.items.count();
  }
}
