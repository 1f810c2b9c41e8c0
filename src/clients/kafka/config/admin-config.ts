import { invalidValue } from '../../../base/config-keys/config-error.ts';
import type { ClusterOptions } from '../cluster/cluster-options.ts';
import { adminDefs } from './admin-defs.ts';
import {
  type ClientConfig,
  type ClientProperties,
  clusterOptionsOf,
  parseClientConfig,
} from './client-config.ts';

export type AdminConfig = ClientConfig<typeof adminDefs> & { readonly options: ClusterOptions };

/** The settings of an admin client, as Apache's `AdminClientConfig`. Throws ConfigError. */
export function parseAdminConfig(properties: ClientProperties): AdminConfig {
  const config = parseClientConfig(adminDefs, properties);
  const { values, given } = config;
  if (values.bootstrapControllers.length > 0) {
    const reason = 'controllers without ZooKeeper are not supported: give bootstrap.servers';
    throw invalidValue('bootstrap.controllers', values.bootstrapControllers.join(','), reason);
  }
  return {
    ...config,
    options: { ...clusterOptionsOf(values, given), apiTimeoutMs: values.defaultApiTimeoutMs },
  };
}
