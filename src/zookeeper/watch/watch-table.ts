/** Kinds of watches, as bits: one watcher can hold several on one path. */
export const WatchMode = { standard: 1, persistent: 2, persistentRecursive: 4 } as const;
export type WatchMode = (typeof WatchMode)[keyof typeof WatchMode];

/** The path itself and, from the bottom up, everything above it. */
function* pathAndParents(path: string): Iterable<string> {
  for (let at = path; ; at = at.slice(0, at.lastIndexOf('/')) || '/') {
    yield at;
    if (at === '/') return;
  }
}

/**
 * Who watches which path (WatchManager of ZooKeeper 3.9). A standard watch goes with the first event, a
 * persistent one stays, and a recursive one also hears of everything below its path. `W` is compared by
 * identity. Watchers are told in the order in which they began to watch.
 */
export class WatchTable<W extends object> {
  private readonly watchersByPath = new Map<string, Set<W>>();
  private readonly modesByWatcher = new Map<W, Map<string, number>>();
  private recursiveCount = 0;

  /** Pairs of a path and a watcher. */
  get size(): number {
    let size = 0;
    for (const watchers of this.watchersByPath.values()) size += watchers.size;
    return size;
  }

  get pathCount(): number {
    return this.watchersByPath.size;
  }

  get watcherCount(): number {
    return this.modesByWatcher.size;
  }

  add(path: string, watcher: W, mode: WatchMode): void {
    let watchers = this.watchersByPath.get(path);
    if (watchers === undefined) {
      watchers = new Set();
      this.watchersByPath.set(path, watchers);
    }
    watchers.add(watcher);
    let modes = this.modesByWatcher.get(watcher);
    if (modes === undefined) {
      modes = new Map();
      this.modesByWatcher.set(watcher, modes);
    }
    const before = modes.get(path) ?? 0;
    modes.set(path, before | mode);
    if (mode === WatchMode.persistentRecursive && (before & mode) === 0) this.recursiveCount++;
  }

  /** Whether the watcher has a watch of this mode on the path; without a mode, any watch. */
  has(path: string, watcher: W, mode?: WatchMode): boolean {
    const modes = this.modesByWatcher.get(watcher)?.get(path) ?? 0;
    return mode === undefined ? modes !== 0 : (modes & mode) !== 0;
  }

  /** Takes one watch away, or without a mode all that the watcher has on the path. False when there is none. */
  remove(path: string, watcher: W, mode?: WatchMode): boolean {
    const modes = this.modesByWatcher.get(watcher);
    const before = modes?.get(path) ?? 0;
    const after = mode === undefined ? 0 : before & ~mode;
    if (modes === undefined || after === before) return false;
    if (after !== 0) {
      modes.set(path, after);
    } else {
      modes.delete(path);
      if (modes.size === 0) this.modesByWatcher.delete(watcher);
      this.dropWatcher(path, watcher);
    }
    this.countRecursiveGone(before, after);
    return true;
  }

  /** Takes all watches of a watcher away. */
  removeWatcher(watcher: W): void {
    const modes = this.modesByWatcher.get(watcher);
    if (modes === undefined) return;
    this.modesByWatcher.delete(watcher);
    for (const [path, before] of modes) {
      this.dropWatcher(path, watcher);
      this.countRecursiveGone(before, 0);
    }
  }

  /**
   * Who has to hear of an event on the path; standard watches on it are used up. Undefined when nobody does,
   * which is the usual case.
   */
  trigger(path: string): Set<W> | undefined {
    if (this.watchersByPath.size === 0) return undefined;
    let told = this.triggerAt(path);
    if (this.recursiveCount === 0) return told;
    for (const above of pathAndParents(path)) {
      if (above === path) continue;
      for (const watcher of this.watchersByPath.get(above) ?? []) {
        if (!this.has(above, watcher, WatchMode.persistentRecursive)) continue;
        told ??= new Set();
        told.add(watcher);
      }
    }
    return told;
  }

  private triggerAt(path: string): Set<W> | undefined {
    const watchers = this.watchersByPath.get(path);
    if (watchers === undefined) return undefined;
    const told = new Set(watchers);
    for (const watcher of told) this.remove(path, watcher, WatchMode.standard);
    return told;
  }

  /** Every watched path with its watchers. */
  byPath(): Iterable<[path: string, watchers: ReadonlySet<W>]> {
    return this.watchersByPath;
  }

  /** Every watcher with its paths. */
  byWatcher(): Iterable<[watcher: W, paths: ReadonlyMap<string, number>]> {
    return this.modesByWatcher;
  }

  private dropWatcher(path: string, watcher: W): void {
    const watchers = this.watchersByPath.get(path);
    if (watchers?.delete(watcher) && watchers.size === 0) this.watchersByPath.delete(path);
  }

  private countRecursiveGone(before: number, after: number): void {
    if ((before & ~after & WatchMode.persistentRecursive) !== 0) this.recursiveCount--;
  }
}
