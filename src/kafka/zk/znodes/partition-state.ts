import { encodeJson, type JsonValue, members, ZnodeObject } from '../json.ts';
import { topicPath } from './topic.ts';

export function partitionsPath(topic: string): string {
  return `${topicPath(topic)}/partitions`;
}

export function partitionPath(topic: string, partition: number): string {
  return `${partitionsPath(topic)}/${partition}`;
}

export function partitionStatePath(topic: string, partition: number): string {
  return `${partitionPath(topic, partition)}/state`;
}

/** Leadership of one partition as stored. */
export interface PartitionState {
  /** Broker id; -1 without a leader, -2 while the topic is being deleted. */
  leader: number;
  leaderEpoch: number;
  isr: readonly number[];
  /** True while a leader elected outside the ISR has not yet recovered (KIP-704). */
  leaderRecovering: boolean;
  /** Epoch of the controller that wrote it. */
  controllerEpoch: number;
}

/** `/brokers/topics/T/partitions/P/state`, version 1. */
export function encodePartitionState(state: PartitionState): Buffer {
  const fields: [string, JsonValue][] = [
    ['controller_epoch', state.controllerEpoch],
    ['leader', state.leader],
    ['version', 1],
    ['leader_epoch', state.leaderEpoch],
    ['isr', state.isr],
  ];
  if (state.leaderRecovering) fields.push(['leader_recovery_state', 1]);
  return encodeJson(members(fields));
}

export function decodePartitionState(path: string, data: Buffer | null): PartitionState {
  const json = ZnodeObject.parse(path, data);
  return {
    leader: json.integer('leader'),
    leaderEpoch: json.integer('leader_epoch'),
    isr: json.integers('isr'),
    leaderRecovering: json.has('leader_recovery_state') && json.integer('leader_recovery_state') === 1,
    controllerEpoch: json.integer('controller_epoch'),
  };
}
