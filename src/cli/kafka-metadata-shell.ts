import { sayWhyNot } from './not-here.ts';

sayWhyNot(
  'kafka-metadata-shell',
  'it reads the metadata log of KRaft, and the metadata of this cluster is in ZooKeeper. Use zookeeper-shell',
);
