import { singleBroker } from './kafka/single-broker.ts';
import type { SimulatedSystem } from './system.ts';
import { standaloneZooKeeper } from './zookeeper/standalone.ts';

export const systems: readonly SimulatedSystem[] = [standaloneZooKeeper(), singleBroker()];
