import type { ZooKeeperClient } from './zookeeper-client.ts';
import { isZooKeeperError } from './zookeeper-error.ts';

/** Requests that a walk or a removal has under way at a time. */
const PIPELINE = 10;

function childPath(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`;
}

/**
 * Calls `visit` for a node and all below it: a node, then all its children in order, then what is below each of
 * them (ZKUtil.visitSubTreeDFS). A node that goes meanwhile is passed over; rejects with NONODE for the first one.
 */
export async function visitSubtree(
  client: ZooKeeperClient,
  path: string,
  visit: (path: string) => void | Promise<void>,
  childrenOf: (path: string) => Promise<string[]> = (at) => client.getChildren(at),
): Promise<void> {
  await client.getData(path);
  await visit(path);
  const below = async (parent: string): Promise<void> => {
    let names: string[];
    try {
      names = (await childrenOf(parent)).sort();
    } catch (error) {
      if (isZooKeeperError(error, 'NONODE')) return;
      throw error;
    }
    for (const name of names) await visit(childPath(parent, name));
    for (const name of names) await below(childPath(parent, name));
  };
  await below(path);
}

/** A node and all below it, parents before their children (ZKUtil.listSubTreeBFS). */
export async function listSubtree(client: ZooKeeperClient, path: string): Promise<string[]> {
  const tree = [path];
  for (let next = 0; next < tree.length; ) {
    const batch = tree.slice(next, next + PIPELINE);
    next += batch.length;
    const children = await Promise.all(batch.map((parent) => client.getChildren(parent)));
    for (const [index, parent] of batch.entries()) {
      for (const name of children[index] ?? []) tree.push(childPath(parent, name));
    }
  }
  return tree;
}

/**
 * Deletes a node and all below it, leaves first, in transactions of `batchSize` deletions (0: one by one). False
 * when one of them was refused, what was deleted until then being gone (ZKUtil.deleteRecursive).
 */
export async function deleteSubtree(
  client: ZooKeeperClient,
  path: string,
  batchSize = 1000,
): Promise<boolean> {
  const leavesFirst = (await listSubtree(client, path)).reverse();
  if (batchSize <= 0) {
    for (const each of leavesFirst) await client.delete(each);
    return true;
  }
  const underWay: Promise<boolean>[] = [];
  let succeeded = true;
  for (let at = 0; at < leavesFirst.length && succeeded; at += batchSize) {
    const operations = leavesFirst
      .slice(at, at + batchSize)
      .map((each) => ({ op: 'delete' as const, path: each }));
    const outcome = client.multi(operations).then(
      () => true,
      () => false,
    );
    underWay.push(outcome);
    if (underWay.length >= PIPELINE) succeeded = (await underWay.shift()) ?? true;
  }
  return (await Promise.all(underWay)).every((each) => each) && succeeded;
}
