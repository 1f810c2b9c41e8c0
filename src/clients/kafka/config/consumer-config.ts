import { ConfigError } from '../../../base/config-keys/config-error.ts';
import { type ClientConfig, type ClientProperties, parseClientConfig } from './client-config.ts';
import { consumerDefs } from './consumer-defs.ts';

export type ConsumerConfig = ClientConfig<typeof consumerDefs> & {
  /** `enable.auto.commit`; never without a group. */
  readonly autoCommit: boolean;
};

/** The settings of a consumer, with the rules of Apache's `ConsumerConfig`. Throws ConfigError. */
export function parseConsumerConfig(properties: ClientProperties): ConsumerConfig {
  const config = parseClientConfig(consumerDefs, properties);
  const { groupId, enableAutoCommit, groupProtocol, groupRemoteAssignor } = config.values;
  if (groupId === null && config.given.has('enable.auto.commit') && enableAutoCommit) {
    throw new ConfigError('enable.auto.commit cannot be set to true when default group id (null) is used.');
  }
  if (groupProtocol.toUpperCase() === 'CLASSIC' && (groupRemoteAssignor ?? '') !== '') {
    throw new ConfigError('group.remote.assignor cannot be set when group.protocol=CLASSIC');
  }
  return { ...config, autoCommit: groupId !== null && enableAutoCommit };
}
