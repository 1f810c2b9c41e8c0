import { EARLIEST_OFFSET, LATEST_OFFSET } from '../constants.ts';
import { GroupSession } from '../consumer/group-session.ts';
import { describeGroups } from '../describe-groups.ts';
import { hasType } from '../error-kinds.ts';
import { Bail } from '../retrier.ts';
import type { Admin, FetchOffsetsPartition, SeekEntry } from '../types/admin.ts';
import { type AdminCalls, check, checkGroupAndTopic } from './admin-calls.ts';

type TopicOffset = SeekEntry & { high: string; low: string };

/** Both ends of every partition of a topic. */
export function fetchTopicOffsets(calls: AdminCalls, topic: string): Promise<TopicOffset[]> {
  return ofTopic(calls, topic, async (partitions) => {
    const high = await offsetsAt(calls, topic, partitions, { fromBeginning: false });
    const low = await offsetsAt(calls, topic, partitions, { fromBeginning: true });
    return [...high].map(([partition, offset]) => ({
      partition,
      offset,
      high: offset,
      low: low.get(partition) ?? offset,
    }));
  });
}

/** The first offsets of records that are not older; the ends where there are none. */
export function fetchTopicOffsetsByTimestamp(
  calls: AdminCalls,
  topic: string,
  timestamp?: number,
): Promise<SeekEntry[]> {
  return ofTopic(calls, topic, async (partitions) => {
    const high = await offsetsAt(calls, topic, partitions, { fromBeginning: false });
    const found = await offsetsAt(calls, topic, partitions, {
      fromBeginning: false,
      fromTimestamp: timestamp,
    });
    return [...found].map(([partition, offset]) => ({
      partition,
      offset: Number(offset) >= 0 ? offset : (high.get(partition) ?? offset),
    }));
  });
}

async function ofTopic<T>(
  calls: AdminCalls,
  topic: string,
  ask: (partitions: number[]) => Promise<T>,
): Promise<T> {
  check(typeof topic === 'string' && topic !== '', `Invalid topic ${topic}`);
  return calls.retrier(async () => {
    try {
      return await ask(await calls.partitionsOf(topic));
    } catch (error) {
      if (!hasType(error, 'UNKNOWN_TOPIC_OR_PARTITION')) throw new Bail(error);
      throw error;
    }
  });
}

async function offsetsAt(
  calls: AdminCalls,
  topic: string,
  partitions: readonly number[],
  where: { fromBeginning: boolean; fromTimestamp?: number | undefined },
): Promise<Map<number, string>> {
  const asked = partitions.map((partition) => ({ partition }));
  const [found] = await calls.cluster.fetchTopicsOffset([{ topic, partitions: asked, ...where }]);
  const entries = (found?.partitions ?? []).map(({ partition, offset }): [number, string] => [
    partition,
    offset,
  ]);
  return new Map(entries.sort(([a], [b]) => a - b));
}

/** What a group has committed: -1 for nothing, or in the place of the ends that {@link resetOffsets} has put there. */
export async function fetchOffsets(
  calls: AdminCalls,
  options: Parameters<Admin['fetchOffsets']>[0],
): Promise<{ topic: string; partitions: FetchOffsetsPartition[] }[]> {
  const { groupId, topics = [], resolveOffsets = false } = options;
  check(Boolean(groupId), `Invalid groupId ${groupId}`);
  check(Array.isArray(topics), 'Expected topics array to be set');
  const asked = await Promise.all(
    topics.map(async (topic) => ({ topic, partitions: await calls.partitionsOf(topic) })),
  );
  await calls.cluster.coordinatorOf(groupId);
  const session = new GroupSession(calls.cluster, groupId);
  const committed = await session.fetchOffsets(topics.length === 0 ? null : asked);
  const resolved = resolveOffsets
    ? await Promise.all(committed.map((each) => resolve(calls, groupId, each)))
    : committed;
  return resolved.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ partition, offset, metadata }) => ({
      partition,
      offset,
      metadata: metadata || null,
    })),
  }));
}

async function resolve<T extends { topic: string; partitions: FetchOffsetsPartition[] }>(
  calls: AdminCalls,
  groupId: string,
  { topic, partitions }: T,
): Promise<{ topic: string; partitions: FetchOffsetsPartition[] }> {
  const ends = await fetchTopicOffsets(calls, topic);
  const resolved = partitions.map((entry) => {
    const end = ends.find(({ partition }) => partition === entry.partition);
    if (Number(entry.offset) === EARLIEST_OFFSET) return { ...entry, offset: end?.low ?? entry.offset };
    return Number(entry.offset) === LATEST_OFFSET ? { ...entry, offset: end?.high ?? entry.offset } : entry;
  });
  await setOffsets(calls, { groupId, topic, partitions: resolved });
  return { topic, partitions: resolved };
}

/** Puts a group without members somewhere else. */
export async function setOffsets(
  calls: AdminCalls,
  options: { groupId: string; topic: string; partitions: SeekEntry[] },
): Promise<void> {
  const { groupId, topic, partitions } = options;
  checkGroupAndTopic(groupId, topic);
  check(Array.isArray(partitions) && partitions.length > 0, 'Invalid partitions');
  const known = await calls.partitionsOf(topic);
  const [description] = await describeGroups(calls.cluster, [groupId]);
  const state = description?.state ?? 'Dead';
  check(
    state === 'Empty' || state === 'Dead',
    `The consumer group must have no running instances, current state: ${state}`,
  );
  const wanted = partitions.filter(({ partition }) => known.includes(partition));
  if (wanted.length === 0) return;
  await calls.retrier(() => new GroupSession(calls.cluster, groupId).commit([{ topic, partitions: wanted }]));
}

/** Lets a group begin at an end of a topic: it gets -2 or -1 as its offset, as with kafkajs. */
export async function resetOffsets(
  calls: AdminCalls,
  { groupId, topic, earliest = false }: { groupId: string; topic: string; earliest?: boolean },
): Promise<void> {
  checkGroupAndTopic(groupId, topic);
  const offset = String(calls.cluster.defaultOffset({ fromBeginning: earliest }));
  const partitions = (await calls.partitionsOf(topic)).map((partition) => ({ partition, offset }));
  await setOffsets(calls, { groupId, topic, partitions });
}
