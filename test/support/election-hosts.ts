import type { SimHost } from '../../src/env/sim/sim-host.ts';
import type { Simulation } from '../../src/env/sim/simulation.ts';
import { FastLeaderElection } from '../../src/zookeeper/election/fast-leader-election.ts';
import type { QuorumVerifier } from '../../src/zookeeper/election/quorum-verifier.ts';
import type { Notification } from '../../src/zookeeper/election/vote.ts';
import { ElectionPort, type ElectionPortOptions } from '../../src/zookeeper/server/election-port.ts';

export const ELECTION_PORT = 3888;

/** A notification with nothing particular in it; `zxid` tells it from others. */
export function notificationOf(zxid: number): Notification {
  return {
    leader: 1,
    zxid,
    electionEpoch: 1,
    peerEpoch: 0,
    state: 'LOOKING',
    version: 2,
    config: 'version=0',
  };
}

/** An election port of a simulated server, and what came through it. */
export class PortHost {
  readonly id: number;
  readonly host: SimHost;
  port: ElectionPort;
  readonly received: { from: number; zxid: number }[] = [];
  private readonly options: Partial<ElectionPortOptions>;

  constructor(sim: Simulation, id: number, options: Partial<ElectionPortOptions> = {}) {
    this.id = id;
    this.host = sim.host(`host${id}`);
    this.options = options;
    this.port = this.newPort();
  }

  private newPort(): ElectionPort {
    return new ElectionPort({
      env: this.host.env,
      serverId: this.id,
      listenOn: [{ host: undefined, port: ELECTION_PORT }],
      announced: [{ host: `host${this.id}`, port: ELECTION_PORT }],
      addressesOf: (id) => (id < 100 ? [{ host: `host${id}`, port: ELECTION_PORT }] : []),
      received: (from, notification) => this.received.push({ from, zxid: notification.zxid }),
      ...this.options,
    });
  }

  /** After `host.kill()` or `host.crash()`. */
  async restart(): Promise<void> {
    this.host.restart();
    this.port = this.newPort();
    await this.port.start();
  }
}

/** A simulated server that does nothing but elect, and that looks again when its leader is not one. */
export class ElectingHost {
  readonly id: number;
  readonly host: SimHost;
  election: FastLeaderElection;
  port: ElectionPort;
  private readonly config: QuorumVerifier;

  constructor(sim: Simulation, id: number, config: QuorumVerifier) {
    this.id = id;
    this.config = config;
    this.host = sim.host(`host${id}`);
    [this.election, this.port] = this.build();
  }

  private build(): [FastLeaderElection, ElectionPort] {
    const { host, id, config } = this;
    const { env } = host;
    const timers = new Map<string, { cancel(): void }>();
    const port = new ElectionPort({
      env,
      serverId: id,
      listenOn: [{ host: undefined, port: ELECTION_PORT }],
      announced: [{ host: `host${id}`, port: ELECTION_PORT }],
      addressesOf: (other) => [{ host: `host${other}`, port: ELECTION_PORT }],
      received: (from, notification) => election.receive(from, notification),
    });
    const role = config.observers.has(id) ? 'observer' : 'participant';
    const election = new FastLeaderElection({
      log: env.log,
      peer: { id, role, lastLoggedZxid: 0, currentEpoch: 0, config, lastSeenConfig: config },
      ports: {
        send: (to, notification) => port.send(to, notification),
        hasDelivered: () => port.hasDelivered(),
        connectAll: () => port.connectAll(),
        setTimer: (name, delayMs) => {
          timers.get(name)?.cancel();
          timers.set(
            name,
            env.timers.after(delayMs, () => election.timerFired(name)),
          );
        },
        cancelTimer: (name) => timers.get(name)?.cancel(),
        adoptConfig: () => false,
        decided: () => undefined,
      },
    });
    return [election, port];
  }

  async start(): Promise<void> {
    await this.port.start();
    this.election.startLooking();
  }

  async restart(): Promise<void> {
    this.host.restart();
    [this.election, this.port] = this.build();
    await this.start();
  }

  get leader(): number | undefined {
    return this.election.isLooking ? undefined : this.election.vote.leader;
  }
}
