import type { EventQueue } from './event-queue.ts';
import type { Packet, SimConnection } from './sim-connection.ts';
import type { SimHost } from './sim-host.ts';
import type { SimProcess } from './sim-process.ts';
import type { SimRandom } from './sim-random.ts';

/** How a network path behaves, in one direction. */
export interface LinkConditions {
  /** One-way delay, drawn between the two for each packet; order is kept within a connection. */
  minDelayMs: number;
  maxDelayMs: number;
  /** Chance of each packet to break its connection, at both ends: TCP loses no bytes silently. */
  resetProbability: number;
  /** Chance of a turn's bytes to arrive in several pieces. */
  fragmentProbability: number;
  /** While set, nothing gets through; what was sent waits for the path to come back. */
  blocked: boolean;
}

const LOOPBACK: LinkConditions = {
  minDelayMs: 0.01,
  maxDelayMs: 0.05,
  resetProbability: 0,
  fragmentProbability: 0.05,
  blocked: false,
};

/** One direction of a connection. */
export interface Pipe {
  from: SimConnection;
  to: SimConnection;
  /** No packet may arrive before the ones sent earlier. */
  lastArrivalMs: number;
  /** Packets that have not arrived, in the order of sending: whatever arrives is the first of them. */
  underway: Packet[];
  /** How many of them have met a blocked path. */
  parked: number;
}

export interface NetworkParts {
  random: SimRandom;
  nowMs(): number;
  schedule(delayMs: number, label: string, action: () => void): ReturnType<EventQueue['push']>;
}

/**
 * The simulated network: every ordered pair of hosts has conditions of its own, so that a partition may be
 * one-way.
 */
export class SimNetwork {
  /** Conditions of all paths between hosts that have none of their own. */
  readonly conditions: LinkConditions = {
    minDelayMs: 0.1,
    maxDelayMs: 1,
    resetProbability: 0,
    fragmentProbability: 0.05,
    blocked: false,
  };
  /** A sender whose bytes meet a blocked path this long sees its connection fail with ETIMEDOUT. */
  retransmitTimeoutMs = 15_000;
  readonly hosts = new Map<string, SimHost>();
  private readonly links = new Map<string, LinkConditions>();
  /** Both ends of all connections that are not closed. */
  private readonly ends = new Set<SimConnection>();
  /** Pipes with packets that met a blocked path. */
  private readonly waitingPipes = new Set<Pipe>();
  private readonly parts: NetworkParts;

  constructor(parts: NetworkParts) {
    this.parts = parts;
  }

  /** The conditions from one host to another, to read or to set. */
  link(from: string, to: string): LinkConditions {
    if (from === to) return LOOPBACK;
    return this.links.get(linkKey(from, to)) ?? this.conditions;
  }

  /** Changes the path from one host to another, in this direction alone. */
  setLink(from: string, to: string, changes: Partial<LinkConditions>): void {
    this.links.set(linkKey(from, to), { ...this.link(from, to), ...changes });
    if (changes.blocked === false) this.retransmit();
  }

  /** Lets nothing through from any of `from` to any of `to`; the way back stays open. */
  blockOneWay(from: readonly string[], to: readonly string[]): void {
    for (const source of from) {
      for (const target of to) if (source !== target) this.setLink(source, target, { blocked: true });
    }
  }

  /** Cuts the two groups off from each other. */
  partition(left: readonly string[], right: readonly string[]): void {
    this.blockOneWay(left, right);
    this.blockOneWay(right, left);
  }

  /** Cuts a host off from all others. */
  isolate(name: string): void {
    this.partition([name], [...this.hosts.keys()]);
  }

  /** Opens every path again; other conditions stay. */
  heal(): void {
    for (const link of this.links.values()) link.blocked = false;
    this.retransmit();
  }

  findHost(nameOrAddress: string): SimHost | undefined {
    for (const host of this.hosts.values()) {
      if (host.name === nameOrAddress || host.address === nameOrAddress) return host;
    }
    return undefined;
  }

  delayMs(from: string, to: string): number {
    const link = this.link(from, to);
    return this.parts.random.between(link.minDelayMs, link.maxDelayMs);
  }

  fragment(bytes: Buffer): Buffer[] {
    if (bytes.length < 2 || !this.parts.random.chance(this.conditions.fragmentProbability)) return [bytes];
    const cut = 1 + this.parts.random.below(bytes.length - 1);
    return [bytes.subarray(0, cut), bytes.subarray(cut)];
  }

  /** Joins two ends; packets may be sent from now on. */
  connect(client: SimConnection, server: SimConnection): void {
    client.join(server, { from: client, to: server, lastArrivalMs: 0, underway: [], parked: 0 });
    server.join(client, { from: server, to: client, lastArrivalMs: 0, underway: [], parked: 0 });
    this.ends.add(client);
    this.ends.add(server);
  }

  send(pipe: Pipe, packet: Packet): void {
    const link = this.link(pipe.from.process.host.name, pipe.to.process.host.name);
    if (packet.kind === 'data' && this.parts.random.chance(link.resetProbability)) {
      pipe.from.fail('ECONNRESET');
      this.send(pipe, { kind: 'reset', code: 'ECONNRESET' });
      return;
    }
    pipe.underway.push(packet);
    // Behind packets that wait for the path, it waits as well.
    if (pipe.parked > 0) pipe.parked++;
    else this.transmit(pipe, packet);
  }

  /** Ends all connections and listeners of a process. */
  dropProcess(process: SimProcess): void {
    process.host.listeners.length = 0;
    const ends = [...this.ends].filter((end) => end.process === process);
    // The system of a killed process ends its connections in an orderly way or resets them.
    for (const end of ends) end.abandon(this.parts.random.chance(0.5) ? 'ECONNRESET' : undefined);
  }

  /** The end is closed; what it has sent still arrives. */
  forget(end: SimConnection): void {
    this.ends.delete(end);
  }

  private transmit(pipe: Pipe, packet: Packet): void {
    const [source, target] = [pipe.from.process.host.name, pipe.to.process.host.name];
    const arrivalMs = Math.max(pipe.lastArrivalMs, this.parts.nowMs() + this.delayMs(source, target));
    pipe.lastArrivalMs = arrivalMs;
    const label = `${pipe.from.label} -> ${pipe.to.label} ${describe(packet)}`;
    this.parts.schedule(arrivalMs - this.parts.nowMs(), label, () => {
      if (pipe.parked > 0 || this.link(source, target).blocked) this.park(pipe);
      else this.deliver(pipe);
    });
  }

  private deliver(pipe: Pipe): void {
    const packet = pipe.underway.shift();
    // None is left when the sender has given up.
    if (packet !== undefined) pipe.to.receive(packet);
  }

  private park(pipe: Pipe): void {
    const [first] = pipe.underway;
    if (first === undefined) return;
    pipe.parked++;
    this.waitingPipes.add(pipe);
    if (pipe.parked > 1) return;
    this.parts.schedule(this.retransmitTimeoutMs, `${pipe.from.label} retransmission`, () => {
      if (pipe.parked === 0 || pipe.underway[0] !== first) return;
      pipe.parked = 0;
      pipe.underway = [];
      this.waitingPipes.delete(pipe);
      pipe.from.fail('ETIMEDOUT');
    });
  }

  /** Sends again what had met paths that are open now. */
  private retransmit(): void {
    for (const pipe of [...this.waitingPipes]) {
      if (this.link(pipe.from.process.host.name, pipe.to.process.host.name).blocked) continue;
      const packets = pipe.underway.slice(0, pipe.parked);
      pipe.parked = 0;
      this.waitingPipes.delete(pipe);
      for (const packet of packets) this.transmit(pipe, packet);
    }
  }
}

function linkKey(from: string, to: string): string {
  return `${from}>${to}`;
}

/** A packet in the trace: its size and a hash of its bytes (FNV-1a), so that equal traces mean equal bytes. */
function describe(packet: Packet): string {
  if (packet.kind !== 'data') return packet.kind;
  let hash = 0x811c_9dc5;
  for (const byte of packet.bytes) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return `${packet.bytes.length} bytes ${(hash >>> 0).toString(16)}`;
}
