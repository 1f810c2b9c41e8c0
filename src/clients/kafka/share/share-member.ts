import type {
  ShareGroupHeartbeatRequest,
  ShareGroupHeartbeatResponse,
} from '../../../wire/kafka/messages/76-share-group-heartbeat.ts';
import type { Draft, Infer } from '../../../wire/kafka/schema/index.ts';
import type { AssignedPartitions, HeartbeatMember } from '../heartbeat/heartbeat-member.ts';
import type { KafkaError } from '../kafka-error.ts';

type Body = Draft<typeof ShareGroupHeartbeatRequest>;
type Answer = Infer<typeof ShareGroupHeartbeatResponse>;

const JOIN_EPOCH = 0;
export const LEAVE_EPOCH = -1;
const NOTHING: AssignedPartitions = new Map();

export interface ShareMemberOptions {
  readonly groupId: string;
  readonly memberId: string;
  readonly rack: string | null;
}

/**
 * A member of a share group (KIP-932, `ShareMembershipManager` of 4.3). Partitions are shared, so that an assignment
 * holds at once and nothing is given back before.
 *
 *     out     --subscribe--> joining
 *     joining --accepted--> in
 *     in      --accepted--> in, perhaps with another assignment
 *     joining, in --fenced--> joining, nothing assigned
 *     in      --expire--> stale, nothing assigned; --polled--> joining
 *     joining, in, stale --leave--> out
 *     any     --failed--> failed
 */
export class ShareMember implements HeartbeatMember<Body, Answer> {
  /** What made it fail. */
  failure: KafkaError | undefined;
  /** An error that the user has not been told of. */
  trouble: KafkaError | undefined;
  private readonly options: ShareMemberOptions;
  private state: 'out' | 'joining' | 'in' | 'stale' | 'failed' = 'out';
  private epoch = JOIN_EPOCH;
  private topics: readonly string[] = [];
  private assigned = NOTHING;
  /** The topics that the coordinator has been told of. */
  private toldTopics: readonly string[] | undefined;

  constructor(options: ShareMemberOptions) {
    this.options = options;
  }

  get assignment(): AssignedPartitions {
    return this.assigned;
  }

  get isMember(): boolean {
    return this.state === 'in' || this.state === 'joining';
  }

  get isUrgent(): boolean {
    return this.state === 'joining' || (this.state === 'in' && this.toldTopics !== this.topics);
  }

  subscribe(topics: readonly string[]): void {
    this.topics = topics;
    if (this.state === 'out') this.join();
  }

  heartbeat(): Body | undefined {
    if (!this.isMember) return undefined;
    const { groupId, memberId, rack } = this.options;
    const body = { groupId, memberId, memberEpoch: this.epoch };
    const isJoin = this.state === 'joining';
    const subscribed =
      isJoin || this.toldTopics !== this.topics ? { subscribedTopicNames: [...this.topics] } : {};
    this.toldTopics = this.topics;
    return { ...body, ...subscribed, ...(isJoin ? { rackId: rack } : {}) };
  }

  accepted({ memberEpoch, assignment }: Answer): void {
    // An answer to what was said before it left, or was thrown out.
    if (!this.isMember || memberEpoch < 0) return;
    this.state = 'in';
    this.epoch = memberEpoch;
    if (assignment !== null) {
      this.assigned = new Map(
        assignment.topicPartitions.map(({ topicId, partitions }) => [
          topicId,
          partitions.toSorted((a, b) => a - b),
        ]),
      );
    }
  }

  fenced(): void {
    if (this.isMember) this.join();
  }

  unheard(): void {
    this.toldTopics = undefined;
  }

  failed(error: KafkaError): void {
    this.state = 'failed';
    this.failure = error;
    this.assigned = NOTHING;
  }

  troubled(error: KafkaError): void {
    this.trouble = error;
  }

  expire(): Body {
    const body = this.goodbye();
    this.state = 'stale';
    this.assigned = NOTHING;
    return body;
  }

  polled(): void {
    if (this.state === 'stale') this.join();
  }

  /** Leaves; what is to be said of it, unless the coordinator does not know of the member. */
  leave(): Body | undefined {
    const body = this.isMember ? this.goodbye() : undefined;
    if (this.state !== 'failed') this.state = 'out';
    this.topics = [];
    this.assigned = NOTHING;
    return body;
  }

  private goodbye(): Body {
    const { groupId, memberId } = this.options;
    return { groupId, memberId, memberEpoch: LEAVE_EPOCH };
  }

  private join(): void {
    this.state = 'joining';
    this.epoch = JOIN_EPOCH;
    this.assigned = NOTHING;
    this.toldTopics = undefined;
  }
}
