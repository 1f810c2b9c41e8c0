import { isZooKeeperError } from './port.ts';
import type { ZkConnection } from './zk-connection.ts';

/** Creates an empty persistent node and its parents, as far as they are missing. */
export async function ensurePath(zk: ZkConnection, path: string): Promise<void> {
  try {
    await createRecursive(zk, path, null);
  } catch (error) {
    if (!isZooKeeperError(error, 'NODEEXISTS')) throw error;
  }
}

/** Creates a persistent node with data, after its empty parents where they are missing. Fails when it exists. */
export async function createRecursive(zk: ZkConnection, path: string, data: Buffer | null): Promise<void> {
  const create = () => zk.run((session) => session.create(path, data, 'persistent'));
  try {
    await create();
  } catch (error) {
    const parent = path.slice(0, path.lastIndexOf('/'));
    if (!isZooKeeperError(error, 'NONODE') || parent === '') throw error;
    await ensurePath(zk, parent);
    await create();
  }
}
