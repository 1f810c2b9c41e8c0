import type { ClusterImage } from '../metadata/cluster-image.ts';
import type { FetchingClient } from './fetch.ts';
import type { Partition } from './partition.ts';

/** `replica.selector.class`: which replica a consumer had better read from. */
export type ReplicaSelection = 'leader' | 'rack-aware';

interface Candidate {
  readonly brokerId: number;
  readonly logEndOffset: number;
  readonly caughtUpMs: number;
}

/**
 * The replica in the client's rack that has the most, of those in sync that have the offset (KIP-392,
 * RackAwareReplicaSelector); -1 when that is the leader or there is none.
 */
export function selectReadReplica(
  image: ClusterImage,
  partition: Partition,
  client: FetchingClient,
  fetchOffset: number,
): number {
  const { leadership, leaderId } = partition;
  if (leadership === undefined || client.rack === '') return -1;
  const isInRack = (id: number): boolean => {
    const broker = image.broker(id);
    const isReachable = broker?.endpoints.some(({ listenerName }) => listenerName === client.listenerName);
    return isReachable === true && broker?.rack === client.rack;
  };
  if (isInRack(leaderId)) return -1;
  let best: Candidate | undefined;
  for (const [brokerId, follower] of leadership.followerStates) {
    const logEndOffset = follower.logEnd.messageOffset;
    const hasOffset = logEndOffset >= fetchOffset && follower.logStartOffset <= fetchOffset;
    if (!hasOffset || !leadership.isr.has(brokerId) || !isInRack(brokerId)) continue;
    const candidate = { brokerId, logEndOffset, caughtUpMs: follower.lastCaughtUpMs };
    if (best === undefined || isBetter(candidate, best)) best = candidate;
  }
  return best?.brokerId ?? -1;
}

/** Further ahead; among equals, caught up more lately; among these the larger id, as in `ReplicaView.comparator`. */
function isBetter(one: Candidate, other: Candidate): boolean {
  const ahead = one.logEndOffset - other.logEndOffset || one.caughtUpMs - other.caughtUpMs;
  return ahead > 0 || (ahead === 0 && one.brokerId > other.brokerId);
}
