/** Below it lies, for every path with a quota, a copy of the path with its limits and its usage (Quotas). */
export const QUOTA_PATH = '/zookeeper/quota';
export const LIMIT_NODE = 'zookeeper_limits';
export const USAGE_NODE = 'zookeeper_stats';

/** The node that holds the limits of the quota on `path`. */
export function limitPath(path: string): string {
  return `${QUOTA_PATH}${path}/${LIMIT_NODE}`;
}

/** The node that holds the usage counted for the quota on `path`. */
export function usagePath(path: string): string {
  return `${QUOTA_PATH}${path}/${USAGE_NODE}`;
}

/**
 * The text in quota nodes (StatsTrack of ZooKeeper 3.9): limits in `zookeeper_limits`, usage in
 * `zookeeper_stats`. A value of -1 means no limit.
 */
export interface StatsTrack {
  count: number;
  bytes: number;
  countHardLimit: number;
  byteHardLimit: number;
}

/** Reads `count=N,bytes=N[=;byteHardLimit=N;countHardLimit=N]`. Pairs that make no sense count as absent. */
export function parseStatsTrack(data: Buffer | null): StatsTrack {
  const track: StatsTrack = { count: -1, bytes: -1, countHardLimit: -1, byteHardLimit: -1 };
  if (data === null) return track;
  for (const pair of data.toString('utf8').split(/[,;]+/)) {
    const [key, text] = pair.split('=');
    const value = text === undefined || !/^[+-]?\d+$/.test(text) ? -1 : Number(text);
    if (key === 'count' || key === 'bytes' || key === 'countHardLimit' || key === 'byteHardLimit') {
      track[key] = value;
    }
  }
  return track;
}

/** The text of a limits node: the hard limits come behind an extra `=`, which keeps old servers from reading them. */
export function formatLimits({ count, bytes, byteHardLimit, countHardLimit }: StatsTrack): Buffer {
  return Buffer.from(
    `count=${count},bytes=${bytes}=;byteHardLimit=${byteHardLimit};countHardLimit=${countHardLimit}`,
  );
}

/** The text that Apache's `zookeeper_stats` nodes hold: usage alone. */
export function formatUsage(count: number, bytes: number): Buffer {
  return Buffer.from(`count=${count},bytes=${bytes}`);
}
