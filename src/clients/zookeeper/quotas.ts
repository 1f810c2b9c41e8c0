import {
  formatLimits,
  formatUsage,
  LIMIT_NODE,
  limitPath,
  parseStatsTrack,
  QUOTA_PATH,
  type StatsTrack,
  usagePath,
} from '../../wire/zookeeper/quota.ts';
import { visitSubtree } from './subtree.ts';
import type { ZooKeeperClient } from './zookeeper-client.ts';
import { isZooKeeperError } from './zookeeper-error.ts';

export type { StatsTrack } from '../../wire/zookeeper/quota.ts';

/** Limits that a quota is to get; one left out keeps what it is. Soft ones are only logged, hard ones enforced. */
export type QuotaLimits = Partial<StatsTrack>;

export interface Quota {
  readonly limits: StatsTrack;
  readonly usage: StatsTrack;
  /** The text of the two nodes. */
  readonly limitsText: string;
  readonly usageText: string;
}

/** A quota that cannot be: its node is missing, or one above or below it has a quota. */
export class QuotaConflictError extends Error {
  override name = 'QuotaConflictError';
}

const NO_LIMITS: StatsTrack = { count: -1, bytes: -1, countHardLimit: -1, byteHardLimit: -1 };

/** Sets limits on the nodes and bytes at and below `path`. Rejects with {@link QuotaConflictError}. */
export async function setQuota(client: ZooKeeperClient, path: string, limits: QuotaLimits): Promise<Quota> {
  if ((await client.exists(path)) === null) throw new QuotaConflictError(`${path} does not exist.`);
  await checkBelow(client, path);
  await checkAbove(client, path);
  const limitsNode = limitPath(path);
  if ((await client.exists(limitsNode)) === null) {
    const parts = path.split('/').slice(1);
    for (let depth = 0; depth <= parts.length; depth++) {
      await createUnlessThere(client, [QUOTA_PATH, ...parts.slice(0, depth)].join('/'));
    }
    await client.create(limitsNode, formatLimits({ ...NO_LIMITS, ...limits }));
    await client.create(usagePath(path), formatUsage(0, 0));
  } else {
    const { data } = await client.getData(limitsNode);
    await client.setData(limitsNode, formatLimits({ ...parseStatsTrack(data), ...limits }));
  }
  return getQuota(client, path);
}

/** Rejects with NONODE when `path` has no quota. */
export async function getQuota(client: ZooKeeperClient, path: string): Promise<Quota> {
  const limits = (await client.getData(limitPath(path))).data;
  const usage = (await client.getData(usagePath(path))).data;
  return {
    limits: parseStatsTrack(limits),
    usage: parseStatsTrack(usage),
    limitsText: (limits ?? '').toString(),
    usageText: (usage ?? '').toString(),
  };
}

/** Takes away the named limits, or the whole quota when none is named. False when there was no quota. */
export async function deleteQuota(
  client: ZooKeeperClient,
  path: string,
  limits: readonly (keyof StatsTrack)[] = [],
): Promise<boolean> {
  const limitsNode = limitPath(path);
  if ((await client.exists(limitsNode)) === null) return false;
  if (limits.length > 0) {
    const track = parseStatsTrack((await client.getData(limitsNode)).data);
    for (const limit of limits) track[limit] = -1;
    await client.setData(limitsNode, formatLimits(track));
    return true;
  }
  const top = `${QUOTA_PATH}${path}`;
  for (const child of await client.getChildren(top)) await client.delete(`${top}/${child}`);
  for (let at = top; at !== QUOTA_PATH; at = at.slice(0, at.lastIndexOf('/'))) {
    if ((await client.getChildren(at)).length > 0) break;
    await client.delete(at);
  }
  return true;
}

async function createUnlessThere(client: ZooKeeperClient, path: string): Promise<void> {
  try {
    if ((await client.exists(path)) === null) await client.create(path);
  } catch (error) {
    if (!isZooKeeperError(error, 'NODEEXISTS')) throw error;
  }
}

async function checkBelow(client: ZooKeeperClient, path: string): Promise<void> {
  const own = `${QUOTA_PATH}${path}`;
  try {
    await visitSubtree(client, own, (at) => {
      if (!at.endsWith(`/${LIMIT_NODE}`) || at === `${own}/${LIMIT_NODE}`) return;
      const owner = at.slice(QUOTA_PATH.length, -LIMIT_NODE.length - 1);
      throw new QuotaConflictError(`${path} has a child ${owner} which has a quota`);
    });
  } catch (error) {
    if (!isZooKeeperError(error, 'NONODE')) throw error;
  }
}

async function checkAbove(client: ZooKeeperClient, path: string): Promise<void> {
  const parts = path.split('/').slice(1);
  for (let depth = 1; depth < parts.length; depth++) {
    const above = `/${parts.slice(0, depth).join('/')}`;
    if ((await client.exists(limitPath(above))) === null) continue;
    throw new QuotaConflictError(`${path} has a parent ${above} which has a quota`);
  }
}
