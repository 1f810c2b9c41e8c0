import type { BrokerNode, TopicPartition } from '../cluster/cluster-metadata.ts';
import type { AclOperation } from './operations.ts';

/** A group as its coordinator lists it. */
export interface GroupListing {
  readonly groupId: string;
  /** `consumer`, `share`, `connect`, ...; empty for a group that only keeps offsets. */
  readonly protocolType: string;
  /** `Stable`, `Empty`, ...; undefined from brokers before 2.6. */
  readonly state: string | undefined;
  /** `Classic`, `Consumer`, `Share`, `Streams`; undefined from brokers before 3.8. */
  readonly type: string | undefined;
}

export interface MemberIdentity {
  readonly memberId: string;
  readonly clientId: string;
  /** As the broker writes it: `/10.1.2.3`. */
  readonly clientHost: string;
}

export interface GroupState {
  readonly groupId: string;
  readonly state: string;
  readonly coordinator: BrokerNode | undefined;
  /** What the asker may do to the group; undefined unless it was asked for. */
  readonly authorizedOperations: readonly AclOperation[] | undefined;
}

export interface ClassicGroupMember extends MemberIdentity {
  readonly groupInstanceId: string | null;
  /** What the member told in JoinGroup, and what the leader gave it: bytes that only members of its protocol know. */
  readonly metadata: Buffer;
  readonly assignmentBytes: Buffer;
  /** The partitions in those, for protocol type `consumer`. */
  readonly assignment: readonly TopicPartition[];
}

export interface ClassicGroupDescription extends GroupState {
  readonly protocolType: string;
  /** The protocol that the members have agreed upon: in consumer groups, the assignor. */
  readonly protocol: string;
  readonly members: readonly ClassicGroupMember[];
}

export interface ConsumerGroupMember extends MemberIdentity {
  readonly groupInstanceId: string | null;
  readonly rackId: string | null;
  readonly assignment: readonly TopicPartition[];
  /** What the member is on its way to; undefined in classic groups, as are the next three. */
  readonly targetAssignment: readonly TopicPartition[] | undefined;
  readonly memberEpoch: number | undefined;
  readonly subscribedTopics: readonly string[] | undefined;
  readonly subscribedRegex: string | null | undefined;
  /** Whether the member of a new group speaks the classic protocol; undefined where the broker does not tell. */
  readonly isClassic: boolean | undefined;
}

/** A group of consumers, of the classic protocol or of that of KIP-848. */
export interface ConsumerGroupDescription extends GroupState {
  readonly type: 'Classic' | 'Consumer';
  /** Whether it only keeps offsets, and has never had members. */
  readonly isSimple: boolean;
  readonly assignor: string;
  /** Undefined in classic groups, as is the next. */
  readonly groupEpoch: number | undefined;
  readonly assignmentEpoch: number | undefined;
  readonly members: readonly ConsumerGroupMember[];
}

export interface ShareGroupMember extends MemberIdentity {
  readonly rackId: string | null;
  readonly memberEpoch: number;
  readonly subscribedTopics: readonly string[];
  readonly assignment: readonly TopicPartition[];
}

export interface ShareGroupDescription extends GroupState {
  readonly groupEpoch: number;
  readonly assignmentEpoch: number;
  readonly assignor: string;
  readonly members: readonly ShareGroupMember[];
}
