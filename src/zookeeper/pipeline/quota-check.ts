import { limitPath, parseStatsTrack, usagePath } from '../../wire/zookeeper/quota.ts';
import type { DataTree } from '../tree/data-tree.ts';

/** A limit that a write would go beyond. */
export interface QuotaExcess {
  /** The path with the quota. */
  readonly path: string;
  readonly what: 'count' | 'bytes';
  /** A hard limit refuses the write, a soft one is only told. */
  readonly isHard: boolean;
  readonly limit: number;
  /** With the write. */
  readonly usage: number;
}

/**
 * The limits that so many more nodes and bytes at `path` would go beyond, of the quota that covers it
 * (ZooKeeperServer.checkQuota). Where there is a hard limit, the soft one of the same kind does not count. Usage is
 * that of the applied tree: as in 3.9, writes that are under way together can overshoot.
 */
export function quotaExcesses(tree: DataTree, path: string, nodes: number, bytes: number): QuotaExcess[] {
  const limited = tree.quotaCovering(path);
  if (limited === undefined) return [];
  const limitNode = tree.get(limitPath(limited));
  const usageNode = tree.get(usagePath(limited));
  if (limitNode === undefined || usageNode === undefined) return [];
  const limits = parseStatsTrack(limitNode.data);
  const usage = parseStatsTrack(usageNode.data);
  return [
    ...excessOf(limited, 'count', nodes, {
      hard: limits.countHardLimit,
      soft: limits.count,
      used: usage.count,
    }),
    ...excessOf(limited, 'bytes', bytes, {
      hard: limits.byteHardLimit,
      soft: limits.bytes,
      used: usage.bytes,
    }),
  ];
}

function excessOf(
  path: string,
  what: QuotaExcess['what'],
  growth: number,
  { hard, soft, used }: { hard: number; soft: number; used: number },
): QuotaExcess[] {
  const isHard = hard > -1;
  const limit = isHard ? hard : soft;
  const usage = used + growth;
  return growth !== 0 && limit > -1 && usage > limit ? [{ path, what, isHard, limit, usage }] : [];
}
