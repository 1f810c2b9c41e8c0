import { ConfigError } from '../../../base/config-keys/config-error.ts';
import type { ConnectionLimits } from '../connection-quotas.ts';
import type { BrokerConfig } from './broker-config.ts';
import { listenerSettings } from './listener-settings.ts';

/** How many connections a broker takes. Throws ConfigError. */
export function connectionLimits(config: BrokerConfig): ConnectionLimits {
  const { endpoints, interBrokerListener } = config.resolvedListeners;
  const ofListeners = endpoints.flatMap(({ listenerName }) => {
    const limit = listenerSettings(config.layers, listenerName).get('max.connections');
    return limit === undefined ? [] : [[listenerName, Number(limit)] as const];
  });
  return {
    maxConnections: config.maxConnections,
    maxConnectionsPerListener: new Map(ofListeners),
    maxConnectionsPerIp: config.maxConnectionsPerIp,
    maxConnectionsPerIpOverrides: parseOverrides(config.maxConnectionsPerIpOverrides),
    protectedListener: endpoints.length > 1 ? interBrokerListener : undefined,
  };
}

/** Reads `max.connections.per.ip.overrides`, such as `127.0.0.1:200,10.0.0.1:5`. */
function parseOverrides(text: string): Map<string, number> {
  const overrides = new Map<string, number>();
  for (const entry of text.split(',').map((each) => each.trim())) {
    if (entry === '') continue;
    const match = /^(.+):(\d+)$/.exec(entry);
    if (match?.[1] === undefined) {
      throw new ConfigError(
        `max.connections.per.ip.overrides: '${entry}' is not ADDRESS:COUNT`,
        'max.connections.per.ip.overrides',
      );
    }
    overrides.set(match[1], Number(match[2]));
  }
  return overrides;
}
