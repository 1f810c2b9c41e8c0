/** A committed position of one group in one partition. */
export interface CommittedOffset {
  readonly offset: number;
  /** Leader epoch of the last consumed record; -1 when the client did not tell. */
  readonly leaderEpoch: number;
  readonly metadata: string;
  readonly commitTimestampMs: number;
  /** When the offset expires by the client's own retention (OffsetCommit 2-4); -1 when the broker's applies. */
  readonly expireTimestampMs: number;
}

/** One member of a group, as the log keeps it. */
export interface StoredMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  /** The member's metadata for the chosen protocol. */
  readonly subscription: Buffer;
  readonly assignment: Buffer;
}

/** A generation of a group, as the log keeps it: stable when it has members, empty otherwise. */
export interface StoredGroup {
  /** Empty text when no member has ever joined. */
  readonly protocolType: string;
  readonly generation: number;
  readonly protocol: string | null;
  readonly leader: string | null;
  /** -1 in records of old versions. */
  readonly currentStateTimestampMs: number;
  readonly members: readonly StoredMember[];
}

export interface OffsetRecord {
  readonly type: 'offset';
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  /** Null takes the offset away. */
  readonly value: CommittedOffset | null;
}

export interface GroupMetadataRecord {
  readonly type: 'group';
  readonly group: string;
  /** Null takes the group away. */
  readonly value: StoredGroup | null;
}

/** What `__consumer_offsets` holds. */
export type GroupRecord = OffsetRecord | GroupMetadataRecord;
