import { getOrPut } from '../../src/base/get-or-put.ts';
import type { Log } from '../../src/env/log.ts';
import {
  type Decision,
  type ElectionTimer,
  FastLeaderElection,
} from '../../src/zookeeper/election/fast-leader-election.ts';
import { parseQuorumConfig } from '../../src/zookeeper/election/quorum-config.ts';
import type { QuorumVerifier } from '../../src/zookeeper/election/quorum-verifier.ts';
import type { Notification } from '../../src/zookeeper/election/vote.ts';
import { VirtualTime } from './virtual-time.ts';

const silent: Log = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
  isEnabled: () => false,
};

/** A configuration of participants and observers, with further lines for groups and weights. */
export function configOf(
  participants: readonly number[],
  observers: readonly number[] = [],
  more: readonly string[] = [],
): QuorumVerifier {
  const line = (id: number, role: string): string => `server.${id}=host${id}:2888:3888:${role}`;
  const lines = [
    ...participants.map((id) => line(id, 'participant')),
    ...observers.map((id) => line(id, 'observer')),
    ...more,
  ];
  return parseQuorumConfig(lines.join('\n'), 'test');
}

export interface PeerState {
  zxid?: number;
  epoch?: number;
  config?: QuorumVerifier;
  lastSeenConfig?: QuorumVerifier;
}

/** A server as the election sees it: what it has logged, and nothing that serves clients. */
export class ElectingServer {
  readonly id: number;
  readonly election: FastLeaderElection;
  readonly decisions: { decision: Decision; atMs: number }[] = [];
  /** Every notification handed to the network, with the time. */
  readonly sent: { to: number; notification: Notification; atMs: number }[] = [];
  readonly adopted: QuorumVerifier[] = [];
  adoptsConfigs = true;
  isUp = false;
  /** How many decisions it had made when its followers last began an epoch with it. */
  establishedBy = 0;
  zxid: number;
  epoch: number;
  config: QuorumVerifier;
  lastSeenConfig: QuorumVerifier;
  private readonly timers = new Map<ElectionTimer, { cancel(): void }>();

  constructor(net: ElectionNet, id: number, state: PeerState) {
    this.id = id;
    this.zxid = state.zxid ?? 0;
    this.epoch = state.epoch ?? 0;
    this.config = state.config ?? net.config;
    this.lastSeenConfig = state.lastSeenConfig ?? this.config;
    const server = this;
    this.election = new FastLeaderElection({
      log: silent,
      peer: {
        id,
        get role() {
          return server.config.observers.has(id) ? ('observer' as const) : ('participant' as const);
        },
        get lastLoggedZxid() {
          return server.zxid;
        },
        get currentEpoch() {
          return server.epoch;
        },
        get config() {
          return server.config;
        },
        get lastSeenConfig() {
          return server.lastSeenConfig;
        },
      },
      ports: {
        send: (to, notification) => {
          this.sent.push({ to, notification, atMs: net.time.monotonicMs() });
          net.carry(id, to, notification);
        },
        hasDelivered: () => true,
        connectAll: () => undefined,
        setTimer: (name, delayMs) => {
          this.timers.get(name)?.cancel();
          this.timers.set(
            name,
            net.time.after(delayMs, () => this.election.timerFired(name)),
          );
        },
        cancelTimer: (name) => this.timers.get(name)?.cancel(),
        adoptConfig: (config) => {
          this.adopted.push(config);
          if (this.adoptsConfigs) this.config = this.lastSeenConfig = config;
          return this.adoptsConfigs;
        },
        decided: (decision) => {
          this.decisions.push({ decision, atMs: net.time.monotonicMs() });
          net.decided(this);
        },
      },
    });
  }

  /** The leader that this server has settled on; undefined while it looks or is down. */
  get leader(): number | undefined {
    return this.isUp && !this.election.isLooking ? this.election.vote.leader : undefined;
  }

  get state(): string {
    return this.isUp ? this.election.vote.state : 'DOWN';
  }

  start(): void {
    this.isUp = true;
    this.election.startLooking();
  }

  stop(): void {
    this.isUp = false;
    this.election.stop();
  }
}

/** What the network does with a message: the delays of its copies in milliseconds, none to lose it. */
export type Carrier = (from: number, to: number, notification: Notification) => readonly number[];

/** How long a leader and its followers try to get together before they look again (initLimit). */
const SYNC_MS = 2000;

/**
 * Elections without sockets. With `supervised`, servers do what ZAB makes them do: a leader that a quorum follows
 * begins a new epoch, everybody else looks again after a while.
 */
export class ElectionNet {
  readonly time = new VirtualTime();
  readonly servers = new Map<number, ElectingServer>();
  readonly config: QuorumVerifier;
  carrier: Carrier = () => [1];
  private readonly supervised: boolean;
  /** The last message from each server to one that was down, which a connection begins with. */
  private readonly kept = new Map<number, Map<number, Notification>>();

  constructor(config: QuorumVerifier, options: { supervised?: boolean } = {}) {
    this.config = config;
    this.supervised = options.supervised ?? false;
  }

  add(id: number, state: PeerState = {}): ElectingServer {
    const server = new ElectingServer(this, id, state);
    this.servers.set(id, server);
    return server;
  }

  server(id: number): ElectingServer {
    const server = this.servers.get(id);
    if (server === undefined) throw new Error(`no server ${id}`);
    return server;
  }

  /** Starts servers, adding them in their first state where they are new. */
  start(...ids: number[]): void {
    for (const id of ids) {
      const server = this.servers.get(id) ?? this.add(id);
      server.start();
      for (const [from, notification] of this.kept.get(id) ?? []) this.carry(from, id, notification);
      this.kept.delete(id);
    }
  }

  /** Ends servers; those that followed one of them look again, as they do when the connection breaks. */
  kill(...ids: number[]): void {
    for (const id of ids) this.server(id).stop();
    for (const server of this.servers.values()) {
      if (server.isUp && server.leader !== undefined && ids.includes(server.leader)) {
        server.election.startLooking();
      }
    }
  }

  carry(from: number, to: number, notification: Notification): void {
    for (const delayMs of this.carrier(from, to, notification)) {
      this.time.after(delayMs, () => {
        const target = this.servers.get(to);
        if (target?.isUp) target.election.receive(from, notification);
        else getOrPut(this.kept, to, () => new Map<number, Notification>()).set(from, notification);
      });
    }
  }

  /** `LEADING`, `FOLLOWING 3`, ... by server. */
  get states(): Record<number, string> {
    const states: Record<number, string> = {};
    for (const [id, server] of this.servers) {
      const isLed = server.state === 'FOLLOWING' || server.state === 'OBSERVING';
      states[id] = isLed ? `${server.state} ${server.leader}` : server.state;
    }
    return states;
  }

  decided(server: ElectingServer): void {
    if (this.supervised) this.watch(server, server.decisions.length);
  }

  private watch(server: ElectingServer, decisions: number): void {
    this.time.after(SYNC_MS, () => {
      const isSettled = server.leader !== undefined && server.decisions.length === decisions;
      if (!isSettled) return;
      this.synchronise(server);
      this.watch(server, decisions);
    });
  }

  private synchronise(server: ElectingServer): void {
    const leader = this.servers.get(server.election.vote.leader);
    const followers = [...this.servers.values()].filter((other) => other.leader === server.id);
    const hasQuorum = server.config.containsQuorum(new Set(followers.map((follower) => follower.id)));
    if (server === leader && hasQuorum) {
      if (server.establishedBy === server.decisions.length) return;
      server.establishedBy = server.decisions.length;
      const epoch = Math.max(...followers.map((follower) => follower.epoch)) + 1;
      for (const follower of followers) join(follower, server, epoch);
    } else if (server !== leader && leader?.state === 'LEADING') {
      join(server, leader, leader.election.vote.peerEpoch);
    } else {
      server.election.startLooking();
    }
  }
}

function join(server: ElectingServer, leader: ElectingServer, epoch: number): void {
  server.epoch = epoch;
  server.zxid = leader.zxid;
  server.election.confirmEpoch(epoch);
}
