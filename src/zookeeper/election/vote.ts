import { LONG_MIN_VALUE } from '../../wire/zookeeper/election.ts';

/** What a server is doing (QuorumPeer.ServerState). */
export type PeerState = 'LOOKING' | 'FOLLOWING' | 'LEADING' | 'OBSERVING';

/** In the order of their codes on the wire. */
export const PEER_STATES: readonly PeerState[] = ['LOOKING', 'FOLLOWING', 'LEADING', 'OBSERVING'];

/** What servers without a vote put in place of leader, zxid and epoch. */
export const NOTHING = LONG_MIN_VALUE;

/** Whom a server proposes to lead, and why. */
export interface Candidate {
  readonly leader: number;
  /** The last transaction in the candidate's log. */
  readonly zxid: number;
  /** The epoch that the candidate last worked in. */
  readonly peerEpoch: number;
}

export interface Vote extends Candidate {
  /** The round of elections, a logical clock. */
  readonly electionEpoch: number;
  /** What the server that votes is doing. */
  readonly state: PeerState;
  /** Of the notification's format; 0 for votes that are counted within a round. */
  readonly version: number;
}

/** A vote as it travels between servers. */
export interface Notification extends Vote {
  /** The sender's configuration, as QuorumVerifier.toText gives it; undefined in versions below 2. */
  readonly config: string | undefined;
}

/**
 * Whether two votes are for the same leader of the same term (Vote.equals). Among servers that have ended their
 * election, zxid and round may differ for one and the same leader (ZOOKEEPER-1805), and across versions of the
 * format the epoch as well (ZOOKEEPER-1732).
 */
export function sameVote(a: Vote, b: Vote): boolean {
  if (a.leader !== b.leader) return false;
  if (a.state === 'LOOKING' || b.state === 'LOOKING') {
    return a.zxid === b.zxid && a.electionEpoch === b.electionEpoch && a.peerEpoch === b.peerEpoch;
  }
  return a.version > 0 !== b.version > 0 || a.peerEpoch === b.peerEpoch;
}

/** Whether a candidate goes before another: by epoch, then by zxid, then by server id. */
export function isAhead(a: Candidate, b: Candidate): boolean {
  if (a.peerEpoch !== b.peerEpoch) return a.peerEpoch > b.peerEpoch;
  if (a.zxid !== b.zxid) return a.zxid > b.zxid;
  return a.leader > b.leader;
}
