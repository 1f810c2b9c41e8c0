import type { ConfigRules } from '../api/configs/config-rules.ts';
import {
  alterBroker,
  alterTopic,
  replaceBrokerConfigs,
  replaceTopicConfigs,
} from './config/alter-configs.ts';
import { type BrokerConfig, definitionOf } from './config/broker-config.ts';
import { describeBroker, describeBrokerDefaults, describeTopic } from './config/describe-configs.ts';

/** The rules of configuration keys, over the broker's configuration as it is at each call. */
export function configRules(config: () => BrokerConfig): ConfigRules {
  return {
    describeTopic: (overrides, options) => describeTopic(config(), overrides, options),
    describeBroker: (options) => describeBroker(config(), options),
    describeBrokerDefaults: (options) => describeBrokerDefaults(config(), options),
    alterTopic: (topic, current, alterations) => alterTopic(config(), topic, current, alterations),
    replaceTopic: (topic, given) => replaceTopicConfigs(config(), topic, given),
    alterBroker: (scope, current, alterations) => alterBroker(config(), scope, current, alterations),
    replaceBroker: (scope, given) => replaceBrokerConfigs(config(), scope, given),
    isSecret: (name) => definitionOf(name)?.type === 'PASSWORD',
  };
}
