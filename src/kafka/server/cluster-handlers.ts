import { leaderAndIsrHandler } from '../api/04-leader-and-isr.ts';
import { stopReplicaHandler } from '../api/05-stop-replica.ts';
import { updateMetadataHandler } from '../api/06-update-metadata.ts';
import { controlledShutdownHandler } from '../api/07-controlled-shutdown.ts';
import { alterPartitionHandler } from '../api/56-alter-partition.ts';
import type { Handler } from '../api/handler.ts';
import type { Controller } from '../controller/controller.ts';
import type { CommandTarget } from '../metadata/controller-commands.ts';

export interface ClusterHandlersParts {
  readonly commands: CommandTarget;
  readonly controller: Controller;
}

/** What brokers ask of each other, and the controller of brokers. */
export function clusterHandlers({ commands, controller }: ClusterHandlersParts): Handler[] {
  return [
    leaderAndIsrHandler({ commands }),
    stopReplicaHandler({ commands }),
    updateMetadataHandler({ commands }),
    controlledShutdownHandler({ controller }),
    alterPartitionHandler({ controller }),
  ];
}
