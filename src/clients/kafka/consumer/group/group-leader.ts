import { MalformedError } from '../../../../base/malformed-error.ts';
import { ErrorCode } from '../../../../wire/kafka/errors.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { BrokerError, KafkaError } from '../../kafka-error.ts';
import type { Subscription } from '../subscription.ts';
import type {
  AssignablePartition,
  Assignor,
  MemberAssignment,
  MemberSubscription,
} from './assignors/assignor.ts';
import type { Joined } from './classic-requests.ts';
import { decodeSubscription, encodeAssignment } from './consumer-protocol.ts';

interface LeaderOptions {
  readonly groupId: string;
  readonly assignors: readonly Assignor[];
  readonly allowAutoCreateTopics: boolean;
  readonly clientRack: string;
}

export type EncodedAssignments = readonly { readonly memberId: string; readonly assignment: Buffer }[];

/** What the leader of a classic group does for all: divides the partitions, and watches for others to divide. */
export class GroupLeader {
  private readonly cluster: Cluster;
  private readonly options: LeaderOptions;
  private readonly subscription: Subscription;
  /** What the assignment was made of; undefined while another member leads. */
  private snapshot: string | undefined;

  constructor(cluster: Cluster, options: LeaderOptions, subscription: Subscription) {
    this.cluster = cluster;
    this.options = options;
    this.subscription = subscription;
  }

  /** Another member leads. */
  follow(): EncodedAssignments {
    this.snapshot = undefined;
    this.subscription.groupTopics = new Set();
    return [];
  }

  /** Divides the partitions by the assignor that all members have, and gives each member's share. */
  async assign(joined: Joined): Promise<EncodedAssignments> {
    const assignor = this.options.assignors.find(({ name }) => name === joined.protocolName);
    if (assignor === undefined) {
      throw new BrokerError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, `assignor ${joined.protocolName}`);
    }
    const members = joined.members.map((member) => this.subscriptionOf(member));
    const wanted = new Set(members.flatMap(({ topics }) => topics));
    this.subscription.groupTopics = wanted;
    await this.cluster.askMetadata([...wanted], this.options.allowAutoCreateTopics);
    this.snapshot = this.takeSnapshot();
    // A static leader has come back, and everything stays as it is (KIP-814).
    if (joined.skipAssignment) return [];
    const topics = this.assignable(wanted);
    const shares = assignor.assign({ topics, members });
    if (this.options.assignors.every(({ protocols = [] }) => protocols.includes('cooperative'))) {
      this.checkCooperative(assignor.name, members, shares);
    }
    return members.map(({ memberId }) => ({
      memberId,
      assignment: encodeAssignment(shares.get(memberId) ?? { partitions: [], userData: null }),
    }));
  }

  /** A partition must be given up before somebody else gets it (KIP-429): an assignor of the user's own may not know. */
  private checkCooperative(
    name: string,
    members: readonly MemberSubscription[],
    shares: ReadonlyMap<string, MemberAssignment>,
  ): void {
    const latest = Math.max(...members.map(({ generationId }) => generationId));
    const owners = new Map<string, string>();
    for (const { memberId, generationId, ownedPartitions } of members) {
      if (generationId < latest) continue;
      for (const { topic, partition } of ownedPartitions) owners.set(`${topic}-${partition}`, memberId);
    }
    for (const [memberId, { partitions }] of shares) {
      for (const { topic, partition } of partitions) {
        const owner = owners.get(`${topic}-${partition}`);
        if (owner === undefined || owner === memberId) continue;
        throw new KafkaError(
          'INVALID_STATE',
          `assignor ${name} gives ${topic}-${partition} to ${memberId} while ${owner} has it: leave it out until the rebalance after, or be eager`,
        );
      }
    }
  }

  /** Whether this member leads and the partitions are others than those that were divided. */
  seesChange(): boolean {
    return this.snapshot !== undefined && this.snapshot !== this.takeSnapshot();
  }

  private subscriptionOf(member: Joined['members'][number]): MemberSubscription {
    const { memberId, groupInstanceId, metadata } = member;
    try {
      return { memberId, groupInstanceId, ...decodeSubscription(metadata) };
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      const message = `member ${memberId} of group ${this.options.groupId} has sent a subscription that cannot be read: ${error.message}`;
      throw new KafkaError('MALFORMED', message, { cause: error });
    }
  }

  private assignable(wanted: ReadonlySet<string>): ReadonlyMap<string, readonly AssignablePartition[]> {
    const { topics, brokers } = this.cluster.metadata;
    const result = new Map<string, readonly AssignablePartition[]>();
    for (const name of wanted) {
      const topic = topics.get(name);
      if (topic === undefined || topic.partitions.length === 0) continue;
      const partitions = topic.partitions.map(({ partition, replicas }) => ({
        partition,
        replicaRacks: [...new Set(replicas.flatMap((id) => brokers.get(id)?.rack ?? []))],
      }));
      result.set(name, partitions);
    }
    return result;
  }

  private takeSnapshot(): string {
    const racks = this.options.clientRack !== '';
    const topics = [...this.assignable(this.subscription.groupTopics)]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, partitions]) => [name, racks ? partitions : partitions.length]);
    return JSON.stringify(topics);
  }
}
