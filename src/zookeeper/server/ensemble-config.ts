import type { PeerRole } from '../election/peer-spec.ts';
import type { QuorumVerifier } from '../election/quorum-verifier.ts';

/** What a server has to know to be one of an ensemble. */
export interface EnsembleConfig {
  /** The number in `myid`. */
  readonly serverId: number;
  readonly quorum: QuorumVerifier;
  /** A configuration that was being proposed when the server went down. */
  readonly nextQuorum?: QuorumVerifier | undefined;
  /** The zoo.cfg, which reconfigurations change, and whether it has the servers in it; undefined to keep nothing. */
  readonly configFile?: { readonly path: string; readonly hasServers: boolean } | undefined;
  /** Whether one participant alone would be a standalone server; true by default. */
  readonly standaloneEnabled?: boolean | undefined;
  /** Ticks that learners have to connect to a leader and to get its history. */
  readonly initLimit: number;
  /** Ticks that leader and learners may be silent. */
  readonly syncLimit: number;
  /** Ticks that connecting may take; 0 for initLimit. */
  readonly connectToLearnerMasterLimit: number;
  /** Whether the quorum and election ports listen on every interface. */
  readonly quorumListenOnAllIPs: boolean;
  /** Whether servers announce all of their addresses to each other (multiAddress.enabled). */
  readonly multiAddressEnabled?: boolean | undefined;
  /** cnxTimeout: how long connecting to an election port may take. */
  readonly electionConnectTimeoutMs?: number | undefined;
  /** electionPortBindRetry: attempts to bind the election port; 0 for any number. */
  readonly electionBindAttempts?: number | undefined;
  /** fastleader.minNotificationInterval */
  readonly minNotificationMs?: number | undefined;
  /** fastleader.maxNotificationInterval */
  readonly maxNotificationMs?: number | undefined;
  /** localSessionsEnabled, and with localSessionsUpgradingEnabled 'upgrading'. */
  readonly localSessions?: 'enabled' | 'upgrading' | undefined;
  /** readonlymode.enabled: whether reads are answered while there is no leader, to clients that allow it. */
  readonly readOnlyMode?: boolean | undefined;
  /** zookeeper.leaderServes: whether a leader has clients of its own. */
  readonly leaderServes: boolean;
}

/** The role of this server. Who is in no line of the configuration waits to be taken in, and does not vote. */
export function roleOf(config: QuorumVerifier, serverId: number): PeerRole {
  return config.observers.has(serverId) ? 'observer' : 'participant';
}
