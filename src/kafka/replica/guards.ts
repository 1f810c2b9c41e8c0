/**
 * Rules that keep acknowledged records. Each has been missing in some release of Kafka and cost it data; a test takes
 * one out to show what it is for, everybody else has them all.
 */
export interface ReplicationGuards {
  /** A follower cuts its log where its epochs part from the leader's, not at its high watermark (KIP-101, KIP-279). */
  readonly truncatesByEpoch: boolean;
  /** A leader answers no fetch that was made for another leader epoch (KIP-320). */
  readonly fencesFetchers: boolean;
  /** A follower that has begun a new life is in sync by what it fetches in it alone (KIP-903). */
  readonly comparesBrokerEpochs: boolean;
  /** A record is committed only when both the old and the new ISR of a change under way have it (KIP-497). */
  readonly waitsForMaximalIsr: boolean;
  /** A replica joins the ISR only with everything up to the start of the leader's epoch. */
  readonly joinsFromEpochStart: boolean;
}

export const REPLICATION_GUARDS: ReplicationGuards = {
  truncatesByEpoch: true,
  fencesFetchers: true,
  comparesBrokerEpochs: true,
  waitsForMaximalIsr: true,
  joinsFromEpochStart: true,
};
