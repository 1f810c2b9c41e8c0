export type WatchEventType =
  | 'nodeCreated'
  | 'nodeDeleted'
  | 'nodeDataChanged'
  | 'nodeChildrenChanged'
  | 'dataWatchRemoved'
  | 'childWatchRemoved'
  | 'persistentWatchRemoved'
  /** The session has expired or was closed, and the watch with it. */
  | 'sessionEnded';

export interface WatchEvent {
  type: WatchEventType;
  /** The node it is about, below the chroot. */
  path: string;
  /** The transaction that brought it about; absent for what the client itself reports. */
  zxid?: number;
}

export type Watch = (event: WatchEvent) => void;

/** Tables of watches. A one-shot watch is in one of the first three, as what it was left by. */
const KINDS = ['data', 'exist', 'child', 'persistent', 'recursive'] as const;
export type WatchKind = (typeof KINDS)[number];

/** Roughly what one setWatches request may take; the server refuses packets above its jute.maxbuffer. */
const BATCH_BYTES = 128 * 1024;

const ONE_SHOT_FIRED: Readonly<Partial<Record<WatchEventType, readonly WatchKind[]>>> = {
  nodeCreated: ['data', 'exist'],
  nodeDataChanged: ['data', 'exist'],
  nodeChildrenChanged: ['child'],
  nodeDeleted: ['data', 'exist', 'child'],
};

/** What sets watches again on a new connection: a SetWatches2 request. */
export interface WatchReset {
  relativeZxid: number;
  dataWatches: string[];
  existWatches: string[];
  childWatches: string[];
  persistentWatches: string[];
  persistentRecursiveWatches: string[];
}

/** The path and all above it, up to the root. */
function* withParents(path: string): Generator<string> {
  for (let at = path; at !== '/'; at = at.slice(0, Math.max(1, at.lastIndexOf('/')))) yield at;
  yield '/';
}

/** The watches of a session, so that events find their callbacks and a new connection can set them again. */
export class Watches {
  private readonly tables: Readonly<Record<WatchKind, Map<string, Set<Watch>>>> = {
    data: new Map(),
    exist: new Map(),
    child: new Map(),
    persistent: new Map(),
    recursive: new Map(),
  };

  add(kind: WatchKind, path: string, watch: Watch): void {
    const watches = this.tables[kind].get(path);
    if (watches === undefined) this.tables[kind].set(path, new Set([watch]));
    else watches.add(watch);
  }

  /** Whether the watch, or any when none is given, is there in one of `kinds`. */
  has(kinds: readonly WatchKind[], path: string, watch?: Watch): boolean {
    return kinds.some((kind) => {
      const watches = this.tables[kind].get(path);
      return watches !== undefined && (watch === undefined || watches.has(watch));
    });
  }

  /** Whether somebody else than `watch` has a watch of these kinds there. */
  hasOthers(kinds: readonly WatchKind[], path: string, watch: Watch): boolean {
    return kinds.some((kind) => [...(this.tables[kind].get(path) ?? [])].some((each) => each !== watch));
  }

  /** Takes the watch, or all when none is given, out of `kinds`; returns what was taken, by kind. */
  remove(kinds: readonly WatchKind[], path: string, watch?: Watch): [WatchKind, Watch][] {
    const removed: [WatchKind, Watch][] = [];
    for (const kind of kinds) {
      const watches = this.tables[kind].get(path);
      for (const each of [...(watches ?? [])]) {
        if (watch !== undefined && each !== watch) continue;
        watches?.delete(each);
        removed.push([kind, each]);
      }
      if (watches?.size === 0) this.tables[kind].delete(path);
    }
    return removed;
  }

  /** The callbacks that an event is for, each once; one-shot watches are gone afterwards. */
  fire(event: WatchEvent): Set<Watch> {
    const fired = new Set<Watch>();
    for (const kind of ONE_SHOT_FIRED[event.type] ?? []) {
      for (const [, watch] of this.remove([kind], event.path)) fired.add(watch);
    }
    for (const watch of this.tables.persistent.get(event.path) ?? []) fired.add(watch);
    // Recursive watches get the changes of children as events of the children themselves.
    if (event.type !== 'nodeChildrenChanged') {
      for (const path of withParents(event.path)) {
        for (const watch of this.tables.recursive.get(path) ?? []) fired.add(watch);
      }
    }
    return fired;
  }

  /** Empties all tables; returns every watch with its path, once for each path. */
  clear(): [string, Watch][] {
    const byPath = new Map<string, Set<Watch>>();
    for (const kind of KINDS) {
      for (const [path, watches] of this.tables[kind]) {
        byPath.set(path, new Set([...(byPath.get(path) ?? []), ...watches]));
      }
      this.tables[kind].clear();
    }
    return [...byPath].flatMap(([path, watches]) =>
      [...watches].map((watch): [string, Watch] => [path, watch]),
    );
  }

  /** Requests that set all watches again, with the server's paths; several when there are many. */
  *resetRequests(relativeZxid: number, toServer: (path: string) => string): Generator<WatchReset> {
    const emptyRequest = (): WatchReset => ({
      relativeZxid,
      dataWatches: [],
      existWatches: [],
      childWatches: [],
      persistentWatches: [],
      persistentRecursiveWatches: [],
    });
    const fields = {
      data: 'dataWatches',
      exist: 'existWatches',
      child: 'childWatches',
      persistent: 'persistentWatches',
      recursive: 'persistentRecursiveWatches',
    } as const;
    let request = emptyRequest();
    let bytes = 0;
    for (const kind of KINDS) {
      for (const path of this.tables[kind].keys()) {
        const serverPath = toServer(path);
        request[fields[kind]].push(serverPath);
        bytes += 4 + Buffer.byteLength(serverPath);
        if (bytes < BATCH_BYTES) continue;
        yield request;
        request = emptyRequest();
        bytes = 0;
      }
    }
    if (bytes > 0) yield request;
  }
}
