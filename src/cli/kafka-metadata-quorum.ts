import { sayWhyNot } from './not-here.ts';

sayWhyNot(
  'kafka-metadata-quorum',
  'it asks the quorum of KRaft controllers, and the controller of this cluster is a broker elected by ZooKeeper. kafka-broker-api-versions and zookeeper-shell get /controller tell of it',
);
