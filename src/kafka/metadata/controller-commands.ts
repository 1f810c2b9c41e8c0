import type { ImageChange } from './cluster-image.ts';
import type { PartitionLeadership, ReplicaAssignment } from './model.ts';

/**
 * What the controller tells brokers: LeaderAndIsr, UpdateMetadata and StopReplica as values. A broker refuses a
 * command of a smaller controller epoch than it has seen (STALE_CONTROLLER_EPOCH), or of another broker epoch
 * than its own (STALE_BROKER_EPOCH).
 */
export interface CommandHeader {
  controllerId: number;
  controllerEpoch: number;
  /** Epoch of the registration that the command is meant for. */
  brokerEpoch: number;
}

export interface LeaderAndIsrPartition extends PartitionLeadership, ReplicaAssignment {
  topic: string;
  topicId: string;
  partition: number;
  /** The replica is being created, so that a missing log is no lost one. */
  isNew: boolean;
}

export interface LeaderAndIsrCommand extends CommandHeader {
  kind: 'leaderAndIsr';
  partitions: readonly LeaderAndIsrPartition[];
}

export interface UpdateMetadataCommand extends CommandHeader {
  kind: 'updateMetadata';
  change: ImageChange;
}

export interface StopReplicaPartition {
  topic: string;
  partition: number;
  /** Leader epoch of the stop; -2 when the topic is being deleted, -1 when not known. */
  leaderEpoch: number;
  /** Whether the log goes away too. */
  deletePartition: boolean;
}

export interface StopReplicaCommand extends CommandHeader {
  kind: 'stopReplica';
  partitions: readonly StopReplicaPartition[];
}

export type ControllerCommand = LeaderAndIsrCommand | UpdateMetadataCommand | StopReplicaCommand;

/** A broker's answer. Error codes are those of the protocol; 0 is none. */
export interface CommandResult {
  errorCode: number;
  /** Only partitions named in the command; none when the command as a whole failed. */
  partitions: readonly { topic: string; partition: number; errorCode: number }[];
}

/** What a broker does when a controller tells it to; one command at a time, in the order of the calls. */
export interface CommandTarget {
  leaderAndIsr(command: LeaderAndIsrCommand): Promise<CommandResult>;
  stopReplica(command: StopReplicaCommand): Promise<CommandResult>;
  updateMetadata(command: UpdateMetadataCommand): Promise<CommandResult>;
}

/** Has a command carried out. */
export function applyCommand(target: CommandTarget, command: ControllerCommand): Promise<CommandResult> {
  switch (command.kind) {
    case 'leaderAndIsr':
      return target.leaderAndIsr(command);
    case 'stopReplica':
      return target.stopReplica(command);
    case 'updateMetadata':
      return target.updateMetadata(command);
  }
}
