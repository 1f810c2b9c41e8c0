/** What kafkajs 2.2.4 exports, upon the clients of this package, in this process. */
import { createNodeEnv } from '../../env/node/create-node-env.ts';
import { nodeConsole } from '../../env/node/node-console.ts';
import { nodeRandom } from '../../env/node/node-random.ts';
import { CompatKafka } from './kafka.ts';
import { jsonLines } from './logger.ts';
import { createPartitioners } from './partitioners.ts';
import { roundRobin } from './round-robin-assigner.ts';
import type { KafkaConfig } from './types/common.ts';
import type { PartitionAssigner } from './types/consumer.ts';

export { AssignerProtocol } from './assigner-protocol.ts';
export { CompressionCodecs } from './codecs.ts';
export {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  CompressionTypes,
  ConfigResourceTypes,
  ConfigSource,
  logLevel,
  ResourcePatternTypes,
} from './constants.ts';
export * from './errors.ts';
export type * from './types/admin.ts';
export type * from './types/common.ts';
export type * from './types/consumer.ts';
export type * from './types/groups.ts';
export type * from './types/producer.ts';
export type * from './types/sasl.ts';

/** Makes producers, consumers and admin clients of one configuration. */
export class Kafka extends CompatKafka {
  constructor(config: KafkaConfig) {
    super(createNodeEnv({ logLevel: 'silent' }), config, jsonLines(nodeConsole));
  }
}

export const Partitioners = createPartitioners(nodeRandom);

export const PartitionAssigners: { roundRobin: PartitionAssigner } = { roundRobin };
