import type { DataTree } from '../../src/zookeeper/tree/data-tree.ts';
import { type Json, toJson } from './jute-json.ts';
import { describeData } from './txn-json.ts';

/** Every node of a tree as the golden dumps give it, ordered by path. */
export function describeTree(tree: DataTree): Json[] {
  const paths = [...tree.snapshotNodes()].map(([path]) => (path === '' ? '/' : path)).sort();
  return paths.map((path) => {
    const node = tree.get(path);
    if (node === undefined) throw new Error(`${path} is listed and missing`);
    return {
      path,
      ...describeData(node.data),
      kind: tree.kindOf(node.stat) === 'ephemeral' ? 'ephemeral' : 'persistent',
      stat: toJson(tree.statOf(node)),
      acl: toJson(tree.aclOf(node)),
    };
  });
}

export function byPath(nodes: readonly Json[]): Json[] {
  const pathOf = (node: Json): string => String((node as { path: string }).path);
  return [...nodes].sort((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1));
}
