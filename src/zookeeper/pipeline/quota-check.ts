import { limitPath, parseStatsTrack, usagePath } from '../../wire/zookeeper/quota.ts';
import type { DataTree } from '../tree/data-tree.ts';

/**
 * Whether so many more nodes and bytes at `path` stay within the hard limits of the quota that covers it
 * (zookeeper.enforceQuota). Soft limits only make Apache log. Usage is that of the applied tree: as in 3.9,
 * writes that are under way together can overshoot.
 */
export function isWithinQuota(tree: DataTree, path: string, nodes: number, bytes: number): boolean {
  const limited = tree.quotaCovering(path);
  if (limited === undefined) return true;
  const limitNode = tree.get(limitPath(limited));
  const usageNode = tree.get(usagePath(limited));
  if (limitNode === undefined || usageNode === undefined) return true;
  const limits = parseStatsTrack(limitNode.data);
  const usage = parseStatsTrack(usageNode.data);
  const countFits =
    nodes === 0 || limits.countHardLimit === -1 || usage.count + nodes <= limits.countHardLimit;
  const bytesFit = bytes === 0 || limits.byteHardLimit === -1 || usage.bytes + bytes <= limits.byteHardLimit;
  return countFits && bytesFit;
}
