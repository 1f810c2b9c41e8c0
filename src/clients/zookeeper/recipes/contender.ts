import { unlessAborted } from '../../../base/unless-aborted.ts';
import type { Stat } from '../../../wire/zookeeper/data.ts';
import { childOf, createProtected, deleteForSure, inContainer, withRetries } from '../retry.ts';
import type { ZooKeeperClient } from '../zookeeper-client.ts';
import { isZooKeeperError } from '../zookeeper-error.ts';
import { Holding } from './holding.ts';
import { RecipeError } from './recipe-error.ts';

export interface ContendOptions {
  /** Ends the wait: the call rejects with the signal's reason, and the place in the queue is given up. */
  signal?: AbortSignal;
  /** For others to see on the node, such as the holder's name. */
  data?: Buffer | null;
}

/** One node among those that wait at a container, as its name tells. */
export interface Place {
  name: string;
  /** What it wants: `_c_<id>-<label>-<sequence>`. */
  label: string;
  sequence: number;
}

const NAME = /^_c_[0-9a-f]+-(.*)-(\d{10})$/;

function parsePlace(name: string): Place | undefined {
  const [, label, digits] = NAME.exec(name) ?? [];
  return label === undefined ? undefined : { name, label, sequence: Number(digits) };
}

/** The places among names of children, in the order in which they were made; other names are none. */
export function placesAmong(names: readonly string[]): Place[] {
  return names.flatMap((name) => parsePlace(name) ?? []).sort((a, b) => a.sequence - b.sequence);
}

/** Whom a place waits for that shares with nobody: the one in front of it alone, so that a release wakes one. */
export function placeInFront(places: readonly Place[], mine: number): Place | undefined {
  return places[mine - 1];
}

/** The sequential node of a path that `createProtected` gave. */
export function placeOf(path: string): Place {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const place = parsePlace(name);
  if (place === undefined) throw new RecipeError('FOREIGN_DATA', path, 'not the name of a sequential node');
  return place;
}

/** Waits until a node is gone or has changed; does not wait for one that is not there. */
export async function untilChanged(
  client: ZooKeeperClient,
  path: string,
  signal?: AbortSignal,
): Promise<void> {
  const { fired, watch } = watchOnce();
  try {
    await withRetries(client, () => client.getData(path, watch), signal);
  } catch (error) {
    if (isZooKeeperError(error, 'NONODE')) return;
    throw error;
  }
  await unlessAborted(fired, signal);
}

/** A watch, and a promise that resolves when it is called. */
export function watchOnce(): { fired: Promise<void>; watch: () => void } {
  let watch = (): void => undefined;
  const fired = new Promise<void>((resolve) => {
    watch = resolve;
  });
  return { fired, watch };
}

/** Makes a sequential ephemeral node under the container; its reply may be lost, the node is not. */
export function takePlace(
  client: ZooKeeperClient,
  container: string,
  label: string,
  { data = null, signal }: ContendOptions,
): Promise<{ path: string; stat: Stat }> {
  signal?.throwIfAborted();
  const creating = inContainer(client, container, () =>
    createProtected(client, childOf(container, `${label}-`), data, { mode: 'ephemeralSequential' }),
  );
  return unlessAborted(creating, signal, ({ path }) => leavePlace(client, path));
}

/** Deletes a place in the background. What keeps it from that is the session's end, which deletes it as well. */
export function leavePlace(client: ZooKeeperClient, path: string): void {
  deleteForSure(client, path).catch((error: unknown) => {
    client.env.log.debug('a node goes with its session', { path, error: String(error) });
  });
}

/**
 * Queues at a container and waits until it is its turn. `blockerOf` says whom a place waits for, given all places
 * in their order: undefined for nobody, `any` for any change among them.
 */
export async function contend(
  client: ZooKeeperClient,
  queue: {
    container: string;
    label: string;
    blockerOf(places: readonly Place[], mine: number): Place | 'any' | undefined;
  },
  options: ContendOptions = {},
): Promise<Holding> {
  const { container, label } = queue;
  const { signal } = options;
  const { path, stat } = await takePlace(client, container, label, options);
  const { name } = placeOf(path);
  try {
    for (;;) {
      const { fired: change, watch: changed } = watchOnce();
      const names = await withRetries(client, () => client.getChildren(container), signal);
      const blockerAmong = (among: readonly string[]): Place | 'any' | undefined => {
        const places = placesAmong(among);
        const mine = places.findIndex((place) => place.name === name);
        if (mine < 0) throw new RecipeError('LOST', path, 'its node was deleted while it waited');
        return queue.blockerOf(places, mine);
      };
      const blocker = blockerAmong(names);
      if (blocker === undefined) return new Holding(client, { path, czxid: stat.czxid });
      if (blocker !== 'any') {
        await untilChanged(client, childOf(container, blocker.name), signal);
        continue;
      }
      const again = await withRetries(client, () => client.getChildren(container, changed), signal);
      if (blockerAmong(again) !== undefined) await unlessAborted(change, signal);
    }
  } catch (error) {
    leavePlace(client, path);
    throw error;
  }
}
