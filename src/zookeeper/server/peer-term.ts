import type { Env } from '../../env/env.ts';
import type { QuorumVerifier } from '../election/quorum-verifier.ts';
import type { EnsembleConfig } from './ensemble-config.ts';
import { LocalSessionServer } from './local-session-server.ts';
import type { PeerDatabase } from './peer-database.ts';
import type { PeerEpochs } from './peer-epochs.ts';
import type { ServerCore } from './server-core.ts';
import type { ServerRole } from './server-role.ts';

/** What the terms of a peer, as a leader or as a learner, have in common. */
export interface TermHost {
  readonly env: Env;
  readonly core: ServerCore;
  readonly database: PeerDatabase;
  readonly epochs: PeerEpochs;
  readonly ensemble: EnsembleConfig;
  /** The last committed configuration. */
  readonly config: QuorumVerifier;
  /** The last proposed one. */
  readonly lastSeenConfig: QuorumVerifier;
  /** A configuration is being proposed. */
  proposeConfig(config: QuorumVerifier): void;
  /**
   * A configuration is committed, with which `leader` leads, as of `zxid`; undefined for the present leader. True
   * when this server gets another role or another leader.
   */
  activateConfig(config: QuorumVerifier, leader: number | undefined, zxid: number): boolean;
  /** The epoch of another server's history, by its vote for itself since this was asked last. */
  takeVotedEpoch(id: number): number | undefined;
  /** The server serves in this epoch. */
  serving(epoch: number): void;
  /** The term is over, for this reason: it is to be stopped, and a leader to be looked for. */
  over(reason: string): void;
  /** The term is over, and another one with the same leader is to begin without an election. */
  rejoin(reason: string): void;
  /** The server cannot go on: its disk fails. */
  failed(error: unknown): void;
}

/** A connection to an observer, as its leader sees it; packets as counted since the last reset. */
export interface ObserverView {
  readonly id: number;
  /** `host:port` */
  readonly remote: string;
  /** By the wall clock. */
  readonly establishedMs: number;
  readonly queued: { readonly packets: number; readonly bytes: number };
  readonly packetsSent: number;
  readonly received: { readonly packets: number; readonly requests: number; readonly lastZxid: number };
  reset(): void;
}

/** One time of leading, following or observing. */
export interface PeerTerm {
  start(): void;
  /** Ends it. Resolves when everything that was logged is durable and in the tree, committed or not. */
  stop(): Promise<void>;
  /** Observers that have the history of this leader. */
  readonly observers: readonly ObserverView[];
  /** For the command `mntr`. */
  readonly phase: 'discovery' | 'synchronization' | 'broadcast';
}

/** What stands in front of a role where sessions may be a server's own; undefined where they may not. */
export function localSessionsOf(
  core: ServerCore,
  { localSessions, serverId }: EnsembleConfig,
  inner: ServerRole,
): LocalSessionServer | undefined {
  if (localSessions === undefined) return undefined;
  return new LocalSessionServer({ core, serverId, inner, isUpgrading: localSessions === 'upgrading' });
}
