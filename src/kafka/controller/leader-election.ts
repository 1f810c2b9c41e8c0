import type { LeaderAndIsr } from '../metadata/model.ts';

/** Why a leader is elected, and what is allowed in doing so. */
export type ElectionStrategy =
  /** The leader is gone, or there was never one. */
  | { kind: 'offline'; allowUnclean: boolean }
  /** A reassignment took the leader's replica away. */
  | { kind: 'reassign' }
  /** The first replica is to lead. */
  | { kind: 'preferred' }
  /** The leader is about to stop (KIP-49). */
  | { kind: 'controlledShutdown' };

export interface ElectionInput {
  current: LeaderAndIsr;
  /** All replicas, preferred leader first; for a reassignment the target replicas. */
  assignment: readonly number[];
  /** Replicas on live brokers (not shutting down) and healthy disks. */
  online: ReadonlySet<number>;
  shuttingDown: ReadonlySet<number>;
  /** Whether a leader may come from outside the ISR, at the price of records. */
  unclean: boolean;
}

export interface ElectionResult {
  /** Null when no replica can lead. */
  elected: LeaderAndIsr | null;
  /** Replicas that have to hear of it. */
  recipients: readonly number[];
}

/** Elects a leader by the rules of `kafka.controller.Election` (3.9). */
export function electLeader(kind: ElectionStrategy['kind'], input: ElectionInput): ElectionResult {
  const { current, assignment, online, shuttingDown } = input;
  const inSync = new Set(current.isr);
  const live = assignment.filter((replica) => online.has(replica));
  switch (kind) {
    case 'offline':
      return { elected: electOffline(input, live, inSync), recipients: live };
    case 'reassign': {
      const leader = live.find((replica) => inSync.has(replica));
      return { elected: ledBy(current, leader), recipients: live };
    }
    case 'preferred': {
      const first = assignment[0];
      const able = first !== undefined && online.has(first) && inSync.has(first);
      return { elected: ledBy(current, able ? first : undefined), recipients: live };
    }
    case 'controlledShutdown': {
      const reachable = assignment.filter((replica) => online.has(replica) || shuttingDown.has(replica));
      const leader = reachable.find((replica) => inSync.has(replica) && !shuttingDown.has(replica));
      const isr = current.isr.filter((replica) => !shuttingDown.has(replica));
      return { elected: ledBy({ ...current, isr }, leader), recipients: reachable };
    }
  }
}

function electOffline(
  { current, online, unclean }: ElectionInput,
  live: readonly number[],
  inSync: ReadonlySet<number>,
): LeaderAndIsr | null {
  const clean = live.find((replica) => inSync.has(replica));
  if (clean !== undefined) {
    return ledBy({ ...current, isr: current.isr.filter((replica) => online.has(replica)) }, clean);
  }
  const any = unclean ? live[0] : undefined;
  return any === undefined ? null : ledBy({ ...current, isr: [any], leaderRecovering: true }, any);
}

function ledBy(current: LeaderAndIsr, leader: number | undefined): LeaderAndIsr | null {
  return leader === undefined ? null : { ...current, leader, leaderEpoch: current.leaderEpoch + 1 };
}

/** The first leadership of a new partition: all live replicas are in sync. Null without one. */
export function firstLeadership(live: readonly number[]): LeaderAndIsr | null {
  const leader = live[0];
  if (leader === undefined) return null;
  return { leader, leaderEpoch: 0, isr: [...live], leaderRecovering: false, partitionEpoch: 0 };
}

/** Leadership after a replica has gone offline; the last one in sync stays in the ISR (`newLeaderAndIsr`). */
export function withoutReplica(current: LeaderAndIsr, replica: number, noLeader: number): LeaderAndIsr {
  return {
    ...current,
    leader: current.leader === replica ? noLeader : current.leader,
    leaderEpoch: current.leaderEpoch + 1,
    isr: current.isr.length === 1 ? current.isr : current.isr.filter((other) => other !== replica),
  };
}
