import type { SimHost } from '../../src/env/sim/sim-host.ts';
import type { SimRandom } from '../../src/env/sim/sim-random.ts';
import type { Simulation } from '../../src/env/sim/simulation.ts';
import type { SupervisedServer } from './supervised-server.ts';

/** Something that goes wrong for a while. */
export interface Fault {
  readonly name: string;
  /** Makes it so; gives what undoes it, and undefined when there is nothing to spoil now. */
  strike(random: SimRandom): (() => void) | undefined;
}

type AnyServer = Pick<
  SupervisedServer<unknown>,
  'name' | 'host' | 'kill' | 'losePower' | 'bringUp' | 'isServing'
>;

function pick<T>(random: SimRandom, from: readonly T[]): T | undefined {
  return from.length === 0 ? undefined : from[random.below(from.length)];
}

function runningOf(servers: readonly AnyServer[]): AnyServer[] {
  return servers.filter((server) => server.host.isUp);
}

/** The process is killed; what it wrote stays in the page cache. */
export function processKills(servers: readonly AnyServer[]): Fault {
  return {
    name: 'kill',
    strike(random) {
      const server = pick(random, runningOf(servers));
      server?.kill();
      return server === undefined ? undefined : () => server.bringUp();
    },
  };
}

/** The machine loses power: unsynced writes are lost or torn. `at` is told first. */
export function powerLosses(
  servers: readonly AnyServer[],
  at: (server: { readonly name: string }) => void = () => {},
): Fault {
  return {
    name: 'power loss',
    strike(random) {
      const server = pick(random, runningOf(servers));
      if (server === undefined) return undefined;
      at(server);
      server.losePower();
      return () => server.bringUp();
    },
  };
}

/** Whoever leads at the moment falls, or is cut off from the other servers. */
export function leaderFalls(
  sim: Simulation,
  servers: readonly AnyServer[],
  leads: (server: AnyServer) => boolean,
): Fault {
  return {
    name: 'leader falls',
    strike(random) {
      const leader = servers.find((server) => server.host.isUp && leads(server));
      if (leader === undefined) return undefined;
      const kind = random.below(3);
      if (kind === 2) {
        const others = servers.map(({ name }) => name).filter((name) => name !== leader.name);
        sim.network.partition([leader.name], others);
        return () => sim.network.heal();
      }
      if (kind === 1) leader.losePower();
      else leader.kill();
      return () => leader.bringUp();
    },
  };
}

/** All machines lose power together. */
export function rackPowerLosses(servers: readonly AnyServer[]): Fault {
  return {
    name: 'power loss of all',
    strike() {
      const running = runningOf(servers);
      for (const server of running) server.losePower();
      if (running.length === 0) return undefined;
      return () => {
        for (const server of running) server.bringUp();
      };
    },
  };
}

/** The network falls into two parts; with `oneWay`, packets still pass in one direction. */
export function partitions(sim: Simulation, names: readonly string[], oneWay: boolean): Fault {
  return {
    name: oneWay ? 'one-way partition' : 'partition',
    strike(random) {
      const left = names.filter(() => random.chance(0.5));
      const right = names.filter((name) => !left.includes(name));
      if (left.length === 0 || right.length === 0) return undefined;
      if (oneWay) sim.network.blockOneWay(left, right);
      else sim.network.partition(left, right);
      return () => sim.network.heal();
    },
  };
}

/** One machine is cut off from all others. */
export function isolations(sim: Simulation, names: readonly string[]): Fault {
  return {
    name: 'isolation',
    strike(random) {
      const name = pick(random, names);
      if (name === undefined) return undefined;
      sim.network.isolate(name);
      return () => sim.network.heal();
    },
  };
}

/** Some paths between machines become slow, so that connections overtake each other. */
export function slowLinks(sim: Simulation, names: readonly string[]): Fault {
  return {
    name: 'slow links',
    strike(random) {
      const maxDelayMs = 5 + random.below(random.chance(0.2) ? 2000 : 200);
      const slowed: [string, string][] = [];
      for (const from of names) {
        for (const to of names) if (from !== to && random.chance(0.3)) slowed.push([from, to]);
      }
      for (const [from, to] of slowed) sim.network.setLink(from, to, { maxDelayMs });
      return () => {
        for (const [from, to] of slowed) sim.network.setLink(from, to, { maxDelayMs: 1 });
      };
    },
  };
}

/** Packets get lost beyond repair now and then: connections break in the middle of what they carry. */
export function brokenConnections(sim: Simulation, names: readonly string[]): Fault {
  return {
    name: 'broken connections',
    strike(random) {
      const resetProbability = random.between(0.002, 0.05);
      const setAll = (probability: number): void => {
        sim.network.conditions.resetProbability = probability;
        for (const from of names) {
          for (const to of names) {
            if (from !== to) sim.network.setLink(from, to, { resetProbability: probability });
          }
        }
      };
      setAll(resetProbability);
      return () => setAll(0);
    },
  };
}

/** Syncs take long. */
export function slowDisks(hosts: readonly SimHost[]): Fault {
  return {
    name: 'slow fsync',
    strike(random) {
      const host = pick(random, hosts);
      if (host === undefined) return undefined;
      const { faults } = host.disk;
      faults.minSyncMs = random.below(50);
      faults.maxSyncMs = faults.minSyncMs + 1 + random.below(random.chance(0.2) ? 3000 : 300);
      return () => {
        faults.minSyncMs = 0.05;
        faults.maxSyncMs = 2;
      };
    },
  };
}

/** Little or no room is left on a disk. */
export function fullDisks(hosts: readonly SimHost[]): Fault {
  return {
    name: 'full disk',
    strike(random) {
      const host = pick(random, hosts);
      if (host === undefined) return undefined;
      host.disk.faults.capacityBytes = host.disk.usedBytes() + random.below(20_000);
      return () => {
        host.disk.faults.capacityBytes = 2 ** 40;
      };
    },
  };
}

/** Every write and sync fails. */
export function brokenDisks(hosts: readonly SimHost[]): Fault {
  return {
    name: 'broken disk',
    strike(random) {
      const host = pick(random, hosts);
      if (host === undefined) return undefined;
      host.disk.faults.broken = true;
      return () => {
        host.disk.faults.broken = false;
      };
    },
  };
}

/** The wall clock of a machine jumps and stays off. */
export function clockJumps(hosts: readonly SimHost[]): Fault {
  return {
    name: 'clock jump',
    strike(random) {
      const host = pick(random, hosts);
      if (host === undefined) return undefined;
      const wide = random.chance(0.2) ? 3_600_000 : 5000;
      host.clockSkewMs = random.below(2 * wide) - wide;
      return () => {};
    },
  };
}
