import { unlessAborted } from '../../base/unless-aborted.ts';
import type { Stat } from '../../wire/zookeeper/data.ts';
import type { CreateOptions } from './multi-operations.ts';
import type { ZooKeeperClient } from './zookeeper-client.ts';
import { isZooKeeperError, ZooKeeperError } from './zookeeper-error.ts';

const ID_BYTES = 16;

/** Whether an operation may succeed when it is tried again in the same session. */
export function isRetriable(error: unknown): error is ZooKeeperError {
  return error instanceof ZooKeeperError && error.retriable;
}

/**
 * Repeats an operation that failed with a `retriable` error, each time the client is connected again: for reads, and
 * for writes that may as well happen twice. Rejects with any other error, SESSIONEXPIRED when the session has ended
 * and the signal's reason when it is aborted.
 */
export async function withRetries<T>(
  client: ZooKeeperClient,
  operation: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  for (;;) {
    try {
      signal?.throwIfAborted();
      return await unlessAborted(operation(), signal);
    } catch (error) {
      if (!isRetriable(error)) throw error;
      await unlessAborted(client.connected(), signal);
    }
  }
}

/** The parent of a path that is not the root. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}

/** The path of a child. */
export function childOf(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`;
}

/** Random hexadecimal digits, by which a client recognises what it has made. */
export function randomId(client: ZooKeeperClient): string {
  return client.env.random.bytes(ID_BYTES).toString('hex');
}

/**
 * Creates a node under a name with an id in front (`_c_<id>-name`, as Curator's protected mode), so that it is found
 * again when the answer was lost with the connection: exactly one node comes of a call that resolves, unless somebody
 * deletes it before it is found: then it is created anew. A call that rejects with SESSIONEXPIRED leaves open whether
 * a persistent node was created; an ephemeral one is gone then.
 */
export async function createProtected(
  client: ZooKeeperClient,
  path: string,
  data: Buffer | null,
  options: CreateOptions,
): Promise<{ path: string; stat: Stat }> {
  const parent = parentOf(path);
  const prefix = `_c_${randomId(client)}-`;
  const protectedPath = childOf(parent, prefix + path.slice(path.lastIndexOf('/') + 1));
  for (;;) {
    try {
      return await client.create2(protectedPath, data, options);
    } catch (error) {
      if (!isRetriable(error)) throw error;
    }
    const created = await withRetries(client, () => findCreated(client, parent, prefix));
    if (created !== undefined) return created;
  }
}

/** A new server may be behind the one that created the node: it catches up first. */
async function findCreated(
  client: ZooKeeperClient,
  parent: string,
  prefix: string,
): Promise<{ path: string; stat: Stat } | undefined> {
  await client.sync(parent);
  const name = (await client.getChildren(parent)).find((each) => each.startsWith(prefix));
  if (name === undefined) return undefined;
  const path = childOf(parent, name);
  const stat = await client.exists(path);
  return stat === null ? undefined : { path, stat };
}

/** Deletes a node for sure while the session lives; one that is not there counts as deleted. */
export async function deleteForSure(client: ZooKeeperClient, path: string): Promise<void> {
  try {
    await withRetries(client, () => client.delete(path));
  } catch (error) {
    if (!isZooKeeperError(error, 'NONODE')) throw error;
  }
}

/** Creates a node without data; one that is there already will do. */
export async function createIfAbsent(
  client: ZooKeeperClient,
  path: string,
  mode: 'container' | 'persistent' | 'ephemeral',
): Promise<void> {
  try {
    await withRetries(client, () => client.create(path, null, { mode }));
  } catch (error) {
    if (!isZooKeeperError(error, 'NODEEXISTS')) throw error;
  }
}

/**
 * Makes sure that a node is there, and all above it, the chroot included. It is a container, which the server
 * deletes some time after its last child has gone; those above it are persistent.
 */
export async function ensureContainer(client: ZooKeeperClient, path: string): Promise<void> {
  const ensure = async (at: string, mode: 'container' | 'persistent'): Promise<void> => {
    try {
      await createIfAbsent(client, at, mode);
    } catch (error) {
      // Above the root is the chroot's parent, which is not this client's to make.
      if (!isZooKeeperError(error, 'NONODE') || at === '/') throw error;
      await ensure(parentOf(at), 'persistent');
      await ensure(at, mode);
    }
  };
  await ensure(path, path === '/' ? 'persistent' : 'container');
}

/** Runs an operation below a container, which is made when it is not there (any more). */
export async function inContainer<T>(
  client: ZooKeeperClient,
  container: string,
  operation: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await operation();
    } catch (error) {
      if (!isZooKeeperError(error, 'NONODE')) throw error;
      await ensureContainer(client, container);
    }
  }
}

/** Names of the children of a container, which is made when it is not there (any more). */
export function childrenIn(
  client: ZooKeeperClient,
  container: string,
  watch?: () => void,
  signal?: AbortSignal,
): Promise<string[]> {
  return inContainer(client, container, () =>
    withRetries(client, () => client.getChildren(container, watch), signal),
  );
}
