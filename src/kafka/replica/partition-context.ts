import type { Clock } from '../../env/clock.ts';
import type { Log } from '../../env/log.ts';
import type { ReplicationGuards } from './guards.ts';
import type { IsrChanges } from './isr-changes.ts';
import type { Partition } from './partition.ts';

/** What the partitions of a broker have in common. */
export interface PartitionContext {
  readonly brokerId: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly guards: ReplicationGuards;
  readonly isrChanges: IsrChanges;
  /** `replica.lag.time.max.ms` */
  readonly replicaLagTimeMaxMs: number;
  /** Epoch of this broker's registration. */
  brokerEpoch(): number;
  /** Epoch of a broker's registration, -1 when only its being there is known; undefined when it is gone. */
  liveBrokerEpoch(brokerId: number): number | undefined;
  /** `min.insync.replicas` of a topic. */
  minInsyncReplicas(topic: string): number;
  /** Called in the turn in which the high watermark has moved, here as the leader or as a follower. */
  highWatermarkMoved(partition: Partition): void;
  /** Called in the turn in which every live replica has raised its log start. */
  lowWatermarkMoved(partition: Partition): void;
  /** The log has been cut: recovery must not trust what was durable of it before. */
  truncated(partition: Partition): void;
}
