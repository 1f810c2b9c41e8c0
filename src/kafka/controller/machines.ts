import { CommandBatch } from './command-batch.ts';
import type { PartitionContext } from './controller-context.ts';
import type { MachineParts, PartitionStates } from './partition-states.ts';
import type { ReplicaStates } from './replica-states.ts';
import type { TopicDeletion } from './topic-deletion.ts';

/** The machines of one term and what they share, for the events that move them. */
export interface Machines extends MachineParts {
  readonly partitions: PartitionStates;
  readonly replicas: ReplicaStates;
  readonly deletion: TopicDeletion;
}

/** Tells brokers how these partitions stand, and which brokers there are. */
export function tellMetadata(
  parts: MachineParts,
  brokerIds: Iterable<number>,
  partitions: Iterable<PartitionContext>,
): void {
  const batch = new CommandBatch(parts.context, parts.controllerId);
  batch.updateMetadata(brokerIds, partitions);
  parts.send(batch);
}
