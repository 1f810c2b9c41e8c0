import type { PeerRole } from '../election/peer-spec.ts';
import type { QuorumVerifier } from '../election/quorum-verifier.ts';

/** What a server has to know to be one of an ensemble. */
export interface EnsembleConfig {
  /** The number in `myid`. */
  readonly serverId: number;
  readonly quorum: QuorumVerifier;
  /** Ticks that learners have to connect to a leader and to get its history. */
  readonly initLimit: number;
  /** Ticks that leader and learners may be silent. */
  readonly syncLimit: number;
  /** Ticks that connecting may take; 0 for initLimit. */
  readonly connectToLearnerMasterLimit: number;
  /** Whether the quorum and election ports listen on every interface. */
  readonly quorumListenOnAllIPs: boolean;
  /** zookeeper.leaderServes: whether a leader has clients of its own. */
  readonly leaderServes: boolean;
}

/** The role of this server. Who is in no line of the configuration waits to be taken in, and does not vote. */
export function roleOf(config: QuorumVerifier, serverId: number): PeerRole {
  return config.observers.has(serverId) ? 'observer' : 'participant';
}
