import type { Simulation } from '../../../../src/env/sim/simulation.ts';
import {
  brokenConnections,
  clockJumps,
  type Fault,
  fullDisks,
  isolations,
  partitions,
  powerLosses,
  processKills,
  slowDisks,
  slowLinks,
} from '../../faults.ts';
import { chosenFalls, depositions, logDirFailures, restarts, sessionCuts } from './faults.ts';
import type { Brokers, ZooKeeperServers } from './servers.ts';
import type { Durability } from './shape.ts';
import type { ZooKeeperTap } from './zookeeper-tap.ts';

/** All that may go wrong in a cluster. */
export function clusterFaults(parts: {
  sim: Simulation;
  durability: Durability;
  tap: ZooKeeperTap;
  brokers: Brokers;
  zooKeepers: ZooKeeperServers;
  /** Told when a machine loses power with records in its page cache only. */
  powerLost: (broker: number) => void;
}): Fault[] {
  const { sim, tap, durability } = parts;
  const brokers = parts.brokers.servers;
  const zooKeepers = parts.zooKeepers.servers;
  const names = [...sim.network.hosts.keys()];
  const zooKeeperNames = zooKeepers.map(({ name }) => name);
  const brokerNames = brokers.map(({ name }) => name);
  const hosts = [...brokers, ...zooKeepers].map(({ host }) => host);
  const random = sim.random.fork();
  const anyBroker = () => brokers[random.below(brokers.length)];
  const controller = () => (tap.controller === undefined ? undefined : brokers[tap.controller]);
  const leader = () => {
    const led = [...tap.states.values()].filter((state) => state.leader >= 0);
    return brokers[led[random.below(Math.max(1, led.length))]?.leader ?? -1];
  };
  const losesPower = (server: { name: string }): void => {
    if (durability === 'machines fall, nothing flushed') parts.powerLost(brokerNames.indexOf(server.name));
  };
  const mayLosePower = durability !== 'processes fall';
  const falls = { brokers, mayLosePower, losesPower };
  const machines = mayLosePower ? [powerLosses(brokers, losesPower)] : [];
  return [
    processKills(brokers),
    ...machines,
    restarts(sim, brokers),
    logDirFailures(brokers, parts.brokers.logDirs),
    chosenFalls(sim, { name: 'controller falls', choose: controller }, falls),
    chosenFalls(sim, { name: 'leader falls', choose: leader }, falls),
    sessionCuts(sim, { name: 'zombie controller', choose: controller }, zooKeeperNames),
    sessionCuts(sim, { name: 'session cut', choose: anyBroker }, zooKeeperNames),
    depositions(sim, zooKeeperNames),
    processKills(zooKeepers),
    powerLosses(zooKeepers),
    partitions(sim, brokerNames, false),
    partitions(sim, brokerNames, true),
    partitions(sim, names, false),
    partitions(sim, names, true),
    isolations(sim, names),
    slowLinks(sim, names),
    slowLinks(sim, brokerNames),
    brokenConnections(sim, names),
    slowDisks(hosts),
    fullDisks(hosts),
    clockJumps(hosts),
  ];
}
