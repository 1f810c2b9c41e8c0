import type { GoldenCheck } from './check.ts';
import { juteChecks } from './jute.ts';
import { kafkaApiVersions } from './kafka-api-versions.ts';
import { kafkaBrokerQuotas, kafkaConfigs } from './kafka-configs.ts';
import { kafkaConsumerOffsets } from './kafka-consumer-offsets.ts';
import { kafkaDescribeConfigs } from './kafka-describe-configs.ts';
import { kafkaErrors } from './kafka-errors.ts';
import { kafkaLogDirectories } from './kafka-logdirs.ts';
import { kafkaMessages } from './kafka-messages.ts';
import { kafkaRecords } from './kafka-records.ts';
import { kafkaSpecs } from './kafka-specs.ts';
import { kafkaZnodes } from './kafka-znodes.ts';
import { zookeeperDataDirectories } from './zookeeper-datadirs.ts';
import { zookeeperElection } from './zookeeper-election.ts';
import { zookeeperFrames } from './zookeeper-frames.ts';
import { zookeeperQuorumPackets } from './zookeeper-quorum.ts';
import { zookeeperSessions } from './zookeeper-sessions.ts';
import { zookeeperTreeDigests } from './zookeeper-tree-digest.ts';
import { zookeeperWords } from './zookeeper-words.ts';

/** Every check there is. */
export const goldenChecks: readonly GoldenCheck[] = [
  kafkaMessages,
  kafkaSpecs,
  kafkaErrors,
  kafkaApiVersions,
  kafkaConfigs,
  kafkaBrokerQuotas,
  kafkaDescribeConfigs,
  ...kafkaRecords,
  kafkaLogDirectories,
  ...kafkaConsumerOffsets,
  ...kafkaZnodes,
  ...juteChecks,
  zookeeperFrames,
  zookeeperSessions,
  zookeeperWords,
  zookeeperElection,
  zookeeperQuorumPackets,
  ...zookeeperDataDirectories,
  zookeeperTreeDigests,
];
