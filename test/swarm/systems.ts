import { kafkaCluster } from './kafka/cluster/cluster-run.ts';
import { singleBroker } from './kafka/single-broker.ts';
import { recipes, standaloneRecipes } from './recipes/recipes-run.ts';
import type { SimulatedSystem } from './system.ts';
import { changingZooKeeper, standaloneZooKeeper, zooKeeperEnsemble } from './zookeeper/zookeeper-run.ts';

export const systems: readonly SimulatedSystem[] = [
  standaloneZooKeeper(),
  zooKeeperEnsemble(),
  changingZooKeeper(),
  singleBroker(),
  kafkaCluster(),
  recipes(),
  standaloneRecipes(),
];
