import type { ControllerOptions } from '../controller/controller.ts';
import type { BrokerConfig } from './config/broker-config.ts';
import { interBrokerVersions } from './inter-broker-versions.ts';

/** What the configuration says about the controller, as it was when the broker started. */
export function controllerSettings(
  config: BrokerConfig,
): Pick<ControllerOptions, 'protocol' | 'autoBalance'> {
  const { topicIds, leaderRecovery, featureFormat, isFeatureVersioningSupported } = interBrokerVersions(
    config.interBrokerProtocolVersion,
  );
  return {
    protocol: {
      topicIds,
      leaderRecovery,
      features: { version: featureFormat, enabled: isFeatureVersioningSupported },
    },
    autoBalance: config.autoLeaderRebalanceEnable
      ? {
          intervalMs: config.leaderImbalanceCheckIntervalSeconds * 1000,
          percentage: config.leaderImbalancePerBrokerPercentage,
        }
      : null,
  };
}
