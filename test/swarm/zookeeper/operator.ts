import type { Net } from '../../../src/env/net.ts';
import type { SimRandom } from '../../../src/env/sim/sim-random.ts';
import type { Simulation } from '../../../src/env/sim/simulation.ts';
import { ErrorCode } from '../../../src/wire/zookeeper/errors.ts';
import { OpCode } from '../../../src/wire/zookeeper/op-codes.ts';
import { parseQuorumConfig } from '../../../src/zookeeper/election/quorum-config.ts';
import type { QuorumVerifier } from '../../../src/zookeeper/election/quorum-verifier.ts';
import type { RunningZooKeeperServer } from '../../../src/zookeeper/index.ts';
import { RawZkClient } from '../../support/raw-zk-client.ts';
import type { SupervisedServer } from '../supervised-server.ts';
import { CLIENT_PORT, roleAtFirst, serverIds, serverLine, type Topology } from './topology.ts';

export interface OperatorParts {
  sim: Simulation;
  topology: Topology;
  servers: readonly Pick<SupervisedServer<RunningZooKeeperServer>, 'name' | 'server'>[];
}

interface Change {
  readonly joiningServers: string | null;
  readonly leavingServers: string | null;
  readonly newMembers: string | null;
}

const ANSWER_WITHIN_MS = 10_000;
const LOOK_AGAIN_MS = 2000;
const NO_CHANGE: Change = { joiningServers: null, leavingServers: null, newMembers: null };

/**
 * Changes the members of an ensemble now and then: one server at a time leaves, joins, or gets another role, the leader
 * too. Each change is made to the configuration that the operator has read (as `reconfig -v` does), and always leaves
 * a majority of the voters that there were at first.
 */
export class Operator {
  /** Reconfigurations that were answered with success. */
  changes = 0;
  private readonly parts: OperatorParts;
  private readonly random: SimRandom;
  private readonly net: Net;
  private readonly meanPauseMs: number;
  private isOver = false;
  private isPuttingBack = false;

  constructor(parts: OperatorParts) {
    this.parts = parts;
    this.random = parts.sim.random.fork();
    this.net = parts.sim.host('operator').env.net;
    this.meanPauseMs = 50 + this.random.below(this.random.chance(0.5) ? 500 : 3000);
  }

  start(): void {
    this.later(() => this.change((config) => this.drawChange(config)));
  }

  stop(): void {
    this.isOver = true;
  }

  /**
   * Makes all servers members again, in the roles that they began with; tries until it is so. At first all in one, which
   * is refused where too many of the voters are observers yet; then one by one.
   */
  putBack(atOnce = true): void {
    this.isPuttingBack = true;
    const { topology, sim } = this.parts;
    const lineOf = (id: number): string => `server.${id}=${serverLine(id, roleAtFirst(topology, id))}`;
    this.change((config) => {
      const ids = serverIds(topology);
      const next = ids.find((id) => !hasRole(config, id, roleAtFirst(topology, id)));
      if (next === undefined) return NO_CHANGE;
      if (atOnce) return { ...NO_CHANGE, newMembers: ids.map(lineOf).join(',') };
      return { ...NO_CHANGE, joiningServers: lineOf(next) };
    });
    sim.schedule(LOOK_AGAIN_MS, 'operator: look again', () => {
      if (!this.isBack()) this.putBack(false);
    });
  }

  /** Whether every server knows all of them as members in their first roles. */
  isBack(): boolean {
    const { topology, servers } = this.parts;
    return servers.every(({ server }) => {
      const config = server === undefined ? undefined : configIn(server);
      return serverIds(topology).every(
        (id) => config !== undefined && hasRole(config, id, roleAtFirst(topology, id)),
      );
    });
  }

  private later(action: () => void): void {
    this.parts.sim.schedule(this.random.between(0, 2 * this.meanPauseMs), 'operator: reconfiguration', () => {
      if (this.isOver) return;
      action();
      this.later(action);
    });
  }

  /** Asks a random server for what `decide` makes of the configuration that it knows. */
  private change(decide: (config: QuorumVerifier) => Change): void {
    const { servers, sim } = this.parts;
    const asked = servers[this.random.below(servers.length)];
    const config = asked?.server === undefined ? undefined : configIn(asked.server);
    if (asked === undefined || config === undefined) return;
    const change = decide(config);
    if (change === NO_CHANGE) return;
    this.reconfigure(asked.name, change, config.version).then(
      (error) => {
        if (error === ErrorCode.OK) this.changes++;
        sim.schedule(0, `operator: ${asked.name} answered ${error}`, () => {});
      },
      (error: unknown) => {
        // The connection went: whether it was done will be read next time.
        sim.schedule(0, `operator: no answer: ${String(error)}`, () => {});
      },
    );
  }

  private drawChange(config: QuorumVerifier): Change {
    const { topology } = this.parts;
    const ids = serverIds(topology);
    const id = ids[this.random.below(ids.length)] ?? 1;
    const isVoter = config.participants.has(id);
    const mayLose = config.participants.size - 1 > topology.participants / 2;
    if (isVoter && !mayLose) return NO_CHANGE;
    const isMember = config.members.has(id);
    if (isMember && this.random.chance(0.4)) return { ...NO_CHANGE, leavingServers: String(id) };
    const role = isVoter || (!isMember && this.random.chance(0.3)) ? 'observer' : 'participant';
    return { ...NO_CHANGE, joiningServers: `server.${id}=${serverLine(id, role)}` };
  }

  private async reconfigure(host: string, change: Change, version: number): Promise<number> {
    const client = await RawZkClient.open(this.net, CLIENT_PORT, host);
    this.parts.sim.schedule(ANSWER_WITHIN_MS, 'operator: enough waited', () => client.destroy());
    await client.connect({ timeOut: ANSWER_WITHIN_MS });
    const { header } = await client.call(OpCode.reconfig, { ...change, curConfigId: version });
    if (!this.isPuttingBack) await client.call(OpCode.closeSession);
    client.destroy();
    return header.err;
  }
}

function configIn(server: RunningZooKeeperServer): QuorumVerifier | undefined {
  const data = server.tree.get('/zookeeper/config')?.data;
  return data === null || data === undefined || data.length === 0
    ? undefined
    : parseQuorumConfig(data.toString(), 'the operator');
}

function hasRole(config: QuorumVerifier, id: number, role: 'participant' | 'observer'): boolean {
  return (role === 'participant' ? config.participants : config.observers).has(id);
}
