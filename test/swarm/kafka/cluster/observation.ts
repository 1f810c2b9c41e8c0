import type { Invariant } from '../../invariant.ts';
import type { KafkaObservation } from '../observation.ts';

/** One record batch as it lies in a log. */
export interface SeenBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly bytes: Buffer;
}

/** One life of a broker's process. */
export interface BrokerLife {
  readonly broker: number;
  readonly life: number;
}

/** What a replica does, as its broker's process holds it. */
export interface ReplicaSight extends BrokerLife {
  readonly partition: string;
  readonly leaderEpoch: number;
  readonly isLeader: boolean;
  readonly isCompacted: boolean;
  /** Its batches from one offset up to another; undefined when it cannot be read. */
  read(from: number, to: number): SeenBatch[] | undefined;
}

/** What servers did. Partitions are named as clients name them; of a topic made anew under its name, with its id. */
export type ClusterObservation =
  /** ZooKeeper: where the replicas of a partition are. */
  | { kind: 'assigned'; partition: string; replicas: readonly number[] }
  /** ZooKeeper: leader (negative for none), epoch and ISR, with the epoch that `/controller_epoch` held then. */
  | {
      kind: 'state';
      partition: string;
      leader: number;
      leaderEpoch: number;
      isr: readonly number[];
      controllerEpoch: number;
      currentControllerEpoch: number;
    }
  /** ZooKeeper: a broker was elected controller. */
  | { kind: 'controller'; broker: number; epoch: number }
  /** A broker got a request that only the controller sends. */
  | { kind: 'commanded'; broker: number; controllerId: number; controllerEpoch: number }
  /** A broker was told who leads. */
  | { kind: 'told leader'; broker: number; partition: string; leader: number; leaderEpoch: number }
  /** A replica got a role. */
  | ({ kind: 'role'; logEnd: number; highWatermark: number } & ReplicaSight)
  /** The high watermark of a replica moved, past these batches. */
  | ({ kind: 'high watermark'; from: number; to: number; batches: readonly SeenBatch[] } & ReplicaSight)
  /** A replica's directory failed in the very event that moved its high watermark: nobody sees what that has passed. */
  | ({ kind: 'unreadable' } & BrokerLife & { partition: string })
  /** A broker's machine lost power, with records in its page cache only. */
  | { kind: 'power lost'; broker: number };

export type Observation = KafkaObservation | ClusterObservation;
export type ClusterInvariant = Invariant<Observation>;
