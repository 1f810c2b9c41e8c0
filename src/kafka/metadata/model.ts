/** Values of the `leader` field that name no broker. */
export const noLeader = -1;
/** Leader of a partition whose topic is being deleted (`LeaderAndIsr.LeaderDuringDelete`). */
export const leaderDuringDelete = -2;
/** The id of no topic, as in messages. */
export const zeroUuid = 'AAAAAAAAAAAAAAAAAAAAAA';

/** An advertised listener of a broker. */
export interface BrokerEndpoint {
  listenerName: string;
  /** PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL. */
  securityProtocol: string;
  host: string;
  port: number;
}

/** A broker that has a registration. */
export interface Broker {
  id: number;
  /** The zxid that created its registration; tells two lives of one broker apart (KIP-380). */
  epoch: number;
  rack: string | null;
  endpoints: readonly BrokerEndpoint[];
}

/** Where the replicas of a partition are, and what a reassignment under way adds and removes (KIP-455). */
export interface ReplicaAssignment {
  /** Preferred leader first; during a reassignment the targets come first, then the ones to be removed. */
  replicas: readonly number[];
  addingReplicas: readonly number[];
  removingReplicas: readonly number[];
}

/** Who leads a partition and who is in sync. */
export interface LeaderAndIsr {
  /** Broker id, {@link noLeader} or {@link leaderDuringDelete}. */
  leader: number;
  /** Grows with every change of the leader. */
  leaderEpoch: number;
  isr: readonly number[];
  /** True while a leader elected outside the ISR has not yet recovered (KIP-704). */
  leaderRecovering: boolean;
  /** Version of the state in ZooKeeper (`partitionEpoch` on the wire). */
  partitionEpoch: number;
}

/** {@link LeaderAndIsr} and the controller that decided it. */
export interface PartitionLeadership extends LeaderAndIsr {
  controllerEpoch: number;
}
