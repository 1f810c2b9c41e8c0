import type { Env } from '../../../src/env/env.ts';
import { ConfigAdmin } from '../../../src/kafka/api/configs/config-admin.ts';
import { AutoTopicCreation } from '../../../src/kafka/api/topics/auto-topic-creation.ts';
import { TopicAdmin } from '../../../src/kafka/api/topics/topic-admin.ts';
import {
  alterBroker,
  alterTopic,
  checkTopicConfigs,
  replaceBrokerConfigs,
  replaceTopicConfigs,
} from '../../../src/kafka/server/config/alter-configs.ts';
import { loadBrokerConfig } from '../../../src/kafka/server/config/broker-config.ts';
import {
  describeBroker,
  describeBrokerDefaults,
  describeTopic,
} from '../../../src/kafka/server/config/describe-configs.ts';
import type { FakeBroker } from './fake-cluster.ts';

/** What the handlers of one broker need, put together as a broker does it. */
export function adminOf(broker: FakeBroker, env: Env, properties: Readonly<Record<string, string>> = {}) {
  const given = { 'broker.id': String(broker.id), 'zookeeper.connect': 'zk', ...properties };
  const { config } = loadBrokerConfig(
    Object.entries(given).map(([key, value]) => ({ key, value, where: 'test' })),
  );
  const isController = () => broker.controller?.isActive === true;
  const { metadata, stores } = broker;
  const { log, random, timers } = env;
  const admin = new TopicAdmin({
    metadata,
    stores,
    random,
    log,
    defaults: () => ({ numPartitions: 3, replicationFactor: 1 }),
    configError: (configs) => checkTopicConfigs(config, configs)?.message ?? null,
    hasTopicIds: () => true,
  });
  const autoTopicCreation = new AutoTopicCreation({
    admin,
    log,
    offsetsTopic: () => ({
      numPartitions: 50,
      replicationFactor: 1,
      configs: new Map([['cleanup.policy', 'compact']]),
    }),
    transactionsTopic: () => ({ numPartitions: 50, replicationFactor: 1, configs: new Map() }),
  });
  const configAdmin = new ConfigAdmin({
    brokerId: broker.id,
    metadata,
    configs: stores.configs,
    log,
    rules: {
      describeTopic: (overrides, options) => describeTopic(config, overrides, options),
      describeBroker: (options) => describeBroker(config, options),
      describeBrokerDefaults: (options) => describeBrokerDefaults(config, options),
      alterTopic: (topic, current, alterations) => alterTopic(config, topic, current, alterations),
      replaceTopic: (topic, entries) => replaceTopicConfigs(config, topic, entries),
      alterBroker: (scope, current, alterations) => alterBroker(config, scope, current, alterations),
      replaceBroker: (scope, entries) => replaceBrokerConfigs(config, scope, entries),
      isSecret: (name) => name.endsWith('.password'),
    },
  });
  const options = { keys: null, includeSynonyms: false, includeDocumentation: false };
  return {
    admin,
    autoTopicCreation,
    configAdmin,
    metadata,
    timers,
    isController,
    isTopicQueuedForDeletion: (topic: string) => broker.controller?.isTopicQueuedForDeletion(topic) ?? false,
    describeConfigs: (overrides: ReadonlyMap<string, string>) => describeTopic(config, overrides, options),
    clusterId: 'NRBzb6wMQDe2AWZcLU4ykg',
    autoCreateTopicsEnable: () => config.autoCreateTopicsEnable,
    deleteTopicEnable: true,
  };
}
