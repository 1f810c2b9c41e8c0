/** `streamkeeper/clients`: the clients of Kafka clusters and of ZooKeeper ensembles. */
export * from './kafka/index.ts';
export * from './zookeeper/index.ts';
