import type { Timer, Timers } from '../../env/timers.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { ttlOfOwner } from '../tree/ephemeral-type.ts';

export interface ContainerReaperOptions {
  tree: DataTree;
  timers: Timers;
  wallMs(): number;
  intervalMs: number;
  /** Removals are spread so that they are no more than this. */
  maxPerMinute: number;
  /** Containers that never had a child go after this long; 0 keeps them. */
  maxNeverUsedMs: number;
  /** Proposes the removal of a node; it is refused if the node has children by then. */
  remove(path: string): void;
}

const MINUTE_MS = 60_000;

/**
 * Removes containers that have become empty and TTL nodes that have not been changed for their time
 * (ContainerManager of ZooKeeper 3.9). Runs on the server that orders writes.
 */
export class ContainerReaper {
  private readonly options: ContainerReaperOptions;
  private timer: Timer | undefined;

  constructor(options: ContainerReaperOptions) {
    this.options = options;
  }

  start(): void {
    this.timer = this.options.timers.after(this.options.intervalMs, () => this.removeNext(this.candidates()));
  }

  stop(): void {
    this.timer?.cancel();
  }

  /** One removal at a time; then the next check, an interval later. */
  private removeNext(paths: readonly string[], index = 0): void {
    const path = paths[index];
    if (path === undefined) {
      this.start();
      return;
    }
    this.options.remove(path);
    const pauseMs = Math.ceil(MINUTE_MS / this.options.maxPerMinute);
    this.timer = this.options.timers.after(pauseMs, () => this.removeNext(paths, index + 1));
  }

  private candidates(): string[] {
    const { tree, maxNeverUsedMs } = this.options;
    const nowMs = this.options.wallMs();
    const candidates: string[] = [];
    for (const path of tree.containers()) {
      const node = tree.get(path);
      if (node === undefined || node.childCount > 0) continue;
      const wasUsed = node.stat.cversion > 0;
      const isForgotten = maxNeverUsedMs > 0 && nowMs - node.stat.mtime > maxNeverUsedMs;
      if (wasUsed || isForgotten) candidates.push(path);
    }
    for (const path of tree.ttlNodes()) {
      const node = tree.get(path);
      if (node === undefined || node.childCount > 0) continue;
      const ttlMs = ttlOfOwner(node.stat.ephemeralOwner);
      if (ttlMs > 0 && nowMs - node.stat.mtime > ttlMs) candidates.push(path);
    }
    return candidates;
  }
}
