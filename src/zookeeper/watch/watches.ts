import { assert } from '../../base/assert.ts';
import type { ACL } from '../../wire/zookeeper/data.ts';
import { AddWatchMode, EventType, WatcherType } from '../../wire/zookeeper/op-codes.ts';
import type { SetWatches2 } from '../../wire/zookeeper/protocol.ts';
import type { DataTree, NodeChange, TreeListener } from '../tree/data-tree.ts';
import { WatchMode, WatchTable } from './watch-table.ts';

/** The zxid of events that no transaction caused: those that catch a client up after a reconnect. */
export const NO_ZXID = -1;

/** One event for one watcher. `acl` is that of the node; who may not read it is not told. */
export interface WatchEvent {
  type: EventType;
  path: string;
  zxid: number;
  acl: readonly ACL[] | undefined;
}

export interface Watcher {
  watchEvent(event: WatchEvent): void;
}

type WatchLists = Pick<SetWatches2, 'dataWatches' | 'existWatches' | 'childWatches'> &
  Partial<Pick<SetWatches2, 'persistentWatches' | 'persistentRecursiveWatches'>>;

/**
 * All watches of one server: data watches (getData, exists) and child watches (getChildren). Persistent ones
 * are in both tables, recursive ones in the first alone, so that they hear of each change once.
 */
export class Watches<W extends Watcher> implements TreeListener {
  readonly data = new WatchTable<W>();
  readonly children = new WatchTable<W>();
  /** Hears of how many watchers an event went to; only of events that somebody watched. */
  onFired: ((type: EventType, watchers: number) => void) | undefined;

  get size(): number {
    return this.data.size + this.children.size;
  }

  addData(path: string, watcher: W): void {
    this.data.add(path, watcher, WatchMode.standard);
  }

  addChildren(path: string, watcher: W): void {
    this.children.add(path, watcher, WatchMode.standard);
  }

  /** `mode` is an AddWatchMode. False when it is none. */
  add(path: string, watcher: W, mode: number): boolean {
    switch (mode) {
      case AddWatchMode.persistent:
        this.data.add(path, watcher, WatchMode.persistent);
        this.children.add(path, watcher, WatchMode.persistent);
        return true;
      case AddWatchMode.persistentRecursive:
        this.data.add(path, watcher, WatchMode.persistentRecursive);
        return true;
      default:
        return false;
    }
  }

  /** Whether the watcher has such a watch; `type` is a {@link WatcherType}. */
  has(path: string, watcher: W, type: number): boolean {
    switch (type) {
      case WatcherType.children:
        return this.children.has(path, watcher, WatchMode.standard);
      case WatcherType.data:
        return this.data.has(path, watcher, WatchMode.standard);
      case WatcherType.persistent:
        return this.data.has(path, watcher, WatchMode.persistent);
      case WatcherType.persistentRecursive:
        return this.data.has(path, watcher, WatchMode.persistentRecursive);
      default:
        assert(type === WatcherType.any, `watcher type ${type}`);
        return this.children.has(path, watcher) || this.data.has(path, watcher);
    }
  }

  /** Takes such watches away; false when there are none. */
  remove(path: string, watcher: W, type: number): boolean {
    switch (type) {
      case WatcherType.children:
        return this.children.remove(path, watcher, WatchMode.standard);
      case WatcherType.data:
        return this.data.remove(path, watcher, WatchMode.standard);
      case WatcherType.persistent: {
        const removed = this.children.remove(path, watcher, WatchMode.persistent);
        return this.data.remove(path, watcher, WatchMode.persistent) || removed;
      }
      case WatcherType.persistentRecursive:
        return this.data.remove(path, watcher, WatchMode.persistentRecursive);
      default: {
        assert(type === WatcherType.any, `watcher type ${type}`);
        const removed = this.children.remove(path, watcher);
        return this.data.remove(path, watcher) || removed;
      }
    }
  }

  removeWatcher(watcher: W): void {
    this.data.removeWatcher(watcher);
    this.children.removeWatcher(watcher);
  }

  /**
   * Sets the watches of a client that has come back, having seen everything up to `relativeZxid`. A one-shot
   * watch whose event was missed fires at once instead of being set.
   */
  restore(tree: DataTree, watcher: W, relativeZxid: number, lists: WatchLists): void {
    const fire = (type: EventType, path: string) =>
      watcher.watchEvent({ type, path, zxid: NO_ZXID, acl: undefined });
    for (const path of paths(lists.dataWatches)) {
      const node = tree.get(path);
      if (node === undefined) fire(EventType.nodeDeleted, path);
      else if (node.stat.mzxid > relativeZxid) fire(EventType.nodeDataChanged, path);
      else this.addData(path, watcher);
    }
    for (const path of paths(lists.existWatches)) {
      if (tree.get(path) !== undefined) fire(EventType.nodeCreated, path);
      else this.addData(path, watcher);
    }
    for (const path of paths(lists.childWatches)) {
      const node = tree.get(path);
      if (node === undefined) fire(EventType.nodeDeleted, path);
      else if (node.stat.pzxid > relativeZxid) fire(EventType.nodeChildrenChanged, path);
      else this.addChildren(path, watcher);
    }
    for (const path of paths(lists.persistentWatches)) this.add(path, watcher, AddWatchMode.persistent);
    for (const path of paths(lists.persistentRecursiveWatches)) {
      this.add(path, watcher, AddWatchMode.persistentRecursive);
    }
  }

  nodeCreated({ path, acl, parentPath, parentAcl, zxid }: NodeChange): void {
    this.tell(this.data.trigger(path), { type: EventType.nodeCreated, path, zxid, acl });
    const type = EventType.nodeChildrenChanged;
    this.tell(this.children.trigger(parentPath), { type, path: parentPath, zxid, acl: parentAcl });
  }

  /** Who watches both the data and the children of a node hears of its deletion once. */
  nodeDeleted({ path, acl, parentPath, parentAcl, zxid }: NodeChange): void {
    const event: WatchEvent = { type: EventType.nodeDeleted, path, zxid, acl };
    const told = this.data.trigger(path);
    this.tell(told, event);
    this.tell(this.children.trigger(path), event, told);
    const type = EventType.nodeChildrenChanged;
    this.tell(this.children.trigger(parentPath), { type, path: parentPath, zxid, acl: parentAcl });
  }

  dataChanged(path: string, acl: readonly ACL[], zxid: number): void {
    this.tell(this.data.trigger(path), { type: EventType.nodeDataChanged, path, zxid, acl });
  }

  private tell(watchers: Set<W> | undefined, event: WatchEvent, except?: Set<W>): void {
    if (watchers === undefined || watchers.size === 0) return;
    this.onFired?.(event.type, watchers.size);
    for (const watcher of watchers) if (!except?.has(watcher)) watcher.watchEvent(event);
  }
}

function* paths(list: readonly (string | null)[] | null | undefined): Iterable<string> {
  for (const path of list ?? []) if (path !== null) yield path;
}
