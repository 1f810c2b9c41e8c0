/** Brokers for embedding: `startBroker(env, loadBrokerConfig(given).config)`. */

export { ConfigError } from '../base/config-keys/config-error.ts';
export { type Broker, type BrokerOptions, startBroker } from './server/broker.ts';
export {
  type BrokerConfig,
  type GivenProperty,
  type LoadedBrokerConfig,
  loadBrokerConfig,
  readServerProperties,
} from './server/config/broker-config.ts';
