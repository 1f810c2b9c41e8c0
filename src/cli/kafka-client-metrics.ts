import { sayWhyNot } from './not-here.ts';

sayWhyNot(
  'kafka-client-metrics',
  'it sets up the metrics that clients push (KIP-714), which brokers with ZooKeeper do not take',
);
