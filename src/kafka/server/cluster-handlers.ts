import type { Timers } from '../../env/timers.ts';
import { leaderAndIsrHandler } from '../api/04-leader-and-isr.ts';
import { stopReplicaHandler } from '../api/05-stop-replica.ts';
import { updateMetadataHandler } from '../api/06-update-metadata.ts';
import { controlledShutdownHandler } from '../api/07-controlled-shutdown.ts';
import { electLeadersHandler } from '../api/43-elect-leaders.ts';
import { alterPartitionReassignmentsHandler } from '../api/45-alter-partition-reassignments.ts';
import { listPartitionReassignmentsHandler } from '../api/46-list-partition-reassignments.ts';
import { alterPartitionHandler } from '../api/56-alter-partition.ts';
import { updateFeaturesHandler } from '../api/57-update-features.ts';
import { allocateProducerIdsHandler } from '../api/67-allocate-producer-ids.ts';
import type { Handler } from '../api/handler.ts';
import type { Controller } from '../controller/controller.ts';
import type { CommandTarget } from '../metadata/controller-commands.ts';
import type { MetadataCache } from '../metadata/metadata-cache.ts';
import type { BrokerConfig } from './config/broker-config.ts';
import { interBrokerVersions } from './inter-broker-versions.ts';

export interface ClusterHandlersParts {
  readonly env: { readonly timers: Timers };
  readonly config: () => BrokerConfig;
  readonly commands: CommandTarget;
  readonly controller: Controller;
  readonly metadata: MetadataCache;
}

/** What the controller asks of brokers, and what brokers and operators ask of the controller. */
export function clusterHandlers(parts: ClusterHandlersParts): Handler[] {
  const { env, config, commands, controller, metadata } = parts;
  return [
    leaderAndIsrHandler({ commands }),
    stopReplicaHandler({ commands }),
    updateMetadataHandler({ commands }),
    controlledShutdownHandler({ controller }),
    alterPartitionHandler({ controller }),
    allocateProducerIdsHandler({ controller }),
    electLeadersHandler({ controller, metadata, timers: env.timers }),
    alterPartitionReassignmentsHandler({ controller }),
    listPartitionReassignmentsHandler({ controller }),
    updateFeaturesHandler({
      controller,
      isFeatureVersioningSupported: () =>
        interBrokerVersions(config().interBrokerProtocolVersion).isFeatureVersioningSupported,
    }),
  ];
}
