/**
 * Rules that keep acknowledged writes. Each has been missing in some server and cost it data or its service; a test
 * takes one out to show what it is for, everybody else has them all.
 */
export interface ZabGuards {
  /** A learner writes down the new epoch once the history that the epoch vouches for is durable (ZOOKEEPER-3911, 4643). */
  readonly historyBeforeEpoch: boolean;
  /** It acknowledges NEWLEADER once that history is durable (ZOOKEEPER-3023, 4646, 4785). */
  readonly historyBeforeAck: boolean;
  /** Proposals that are not committed at NEWLEADER wait for their COMMIT still (ZOOKEEPER-4394). */
  readonly proposalsOutliveNewLeader: boolean;
  /** What is logged before NEWLEADER is not acknowledged by itself: the leader expects the answer to that (ZOOKEEPER-4685). */
  readonly newLeaderAckFirst: boolean;
  /** Neither what a server remembers as committed nor what it sends or takes in has a hole (ZOOKEEPER-4925). */
  readonly noHoles: boolean;
}

export const ZAB_GUARDS: ZabGuards = {
  historyBeforeEpoch: true,
  historyBeforeAck: true,
  proposalsOutliveNewLeader: true,
  newLeaderAckFirst: true,
  noHoles: true,
};
