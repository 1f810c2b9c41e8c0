import type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from '../../../../wire/kafka/messages/68-consumer-group-heartbeat.ts';
import type { Draft, Infer } from '../../../../wire/kafka/schema/index.ts';
import type { AssignedPartitions, HeartbeatMember } from '../../heartbeat/heartbeat-member.ts';
import type { KafkaError } from '../../kafka-error.ts';

export type EpochHeartbeat = Draft<typeof ConsumerGroupHeartbeatRequest>;
export type EpochAnswer = Infer<typeof ConsumerGroupHeartbeatResponse>;

export interface EpochMemberOptions {
  readonly groupId: string;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly rack: string | null;
  /** How long giving up partitions may take. */
  readonly rebalanceTimeoutMs: number;
  /** How the coordinator divides the partitions; null leaves it to it. */
  readonly serverAssignor: string | null;
}

/** What the member wants to read: topics, and what a pattern of the broker's (RE2J) matches. */
export interface Wanted {
  readonly topics: readonly string[];
  readonly pattern: string | null;
}

const JOIN_EPOCH = 0;
const LEAVE_EPOCH = -1;
/** A static member that means to come back: nobody gets its partitions until its session runs out. */
const LEAVE_FOR_NOW_EPOCH = -2;

type State = 'joining' | 'stable' | 'reconciling' | 'acknowledging' | 'lost' | 'failed' | 'left';

/** Fields that the coordinator keeps: they are said when they have changed. Undefined: not said yet. */
interface Told {
  wanted?: Wanted;
  current?: AssignedPartitions;
  everything?: true;
}

/**
 * A member of a group of the new protocol (KIP-848, `AbstractMembershipManager` of 4.3): the coordinator says in answers
 * to heartbeats which partitions it is to have, and with each epoch goes on from what members say they have.
 *
 *     joining       --accepted--> stable; with partitions --> reconciling
 *     stable, acknowledging --accepted with other partitions--> reconciling
 *     reconciling   --reconciled: some given up, then others taken--> acknowledging
 *     acknowledging --heartbeat says so--> stable, or reconciling where the target has changed meanwhile
 *     all of these  --fenced, expire--> lost --dropped--> joining, with epoch 0
 *     all           --failed--> failed
 *     all           --leave--> left
 */
export class EpochMember implements HeartbeatMember<EpochHeartbeat, EpochAnswer> {
  failure: KafkaError | undefined;
  /** An error that the user has not been told of. */
  trouble: KafkaError | undefined;
  private readonly options: EpochMemberOptions;
  private state: State = 'joining';
  private memberEpoch = JOIN_EPOCH;
  private wanted: Wanted;
  private target: AssignedPartitions = new Map();
  /** Undefined before the first reconciliation since it joined. */
  private current: AssignedPartitions | undefined;
  private told: Told = {};

  constructor(options: EpochMemberOptions, wanted: Wanted) {
    this.options = options;
    this.wanted = wanted;
  }

  get epoch(): number {
    return this.memberEpoch;
  }

  get isMember(): boolean {
    return this.isJoined || this.state === 'joining';
  }

  /** Whether it has an epoch to commit with. */
  get isJoined(): boolean {
    return this.state === 'stable' || this.state === 'reconciling' || this.state === 'acknowledging';
  }

  get isLost(): boolean {
    return this.state === 'lost';
  }

  /** What it is to have, while that is something else than what it has. */
  get toReconcile(): AssignedPartitions | undefined {
    return this.state === 'reconciling' ? this.target : undefined;
  }

  get owned(): AssignedPartitions {
    return this.current ?? new Map();
  }

  get isUrgent(): boolean {
    return (
      this.state === 'joining' ||
      this.state === 'acknowledging' ||
      (this.isMember && this.told.wanted !== this.wanted)
    );
  }

  want(wanted: Wanted): void {
    this.wanted = wanted;
  }

  heartbeat(): EpochHeartbeat | undefined {
    if (!this.isMember) return undefined;
    const { groupId, memberId, groupInstanceId, rack, rebalanceTimeoutMs, serverAssignor } = this.options;
    const { told, wanted, owned } = this;
    const isJoin = this.state === 'joining';
    const body: EpochHeartbeat = {
      groupId,
      memberId,
      memberEpoch: this.memberEpoch,
      instanceId: groupInstanceId,
      ...(isJoin ? { rackId: rack } : {}),
      ...(told.everything === true && !isJoin ? {} : { rebalanceTimeoutMs, serverAssignor }),
      ...(told.wanted === wanted && !isJoin ? {} : this.wantedFields(told.wanted)),
      ...(told.current !== undefined && same(told.current, owned) && !isJoin
        ? {}
        : {
            topicPartitions: [...owned].map(([topicId, partitions]) => ({
              topicId,
              partitions: [...partitions],
            })),
          }),
    };
    this.told = { everything: true, wanted, current: owned };
    if (this.state === 'acknowledging') this.state = this.isReconciled ? 'stable' : 'reconciling';
    return body;
  }

  accepted({ memberEpoch, assignment }: EpochAnswer): void {
    // An answer to what was said before it left, or lost its place.
    if (!this.isMember || memberEpoch < 0) return;
    this.memberEpoch = memberEpoch;
    if (this.state === 'joining') this.state = 'stable';
    if (assignment !== null) {
      this.target = new Map(
        assignment.topicPartitions.map(({ topicId, partitions }) => [
          topicId,
          partitions.toSorted((a, b) => a - b),
        ]),
      );
      if (!this.isReconciled) this.state = 'reconciling';
      else if (this.state === 'reconciling') this.state = 'stable';
    }
  }

  /** Has given up and taken what `toReconcile` said, or the part of it whose names are known. */
  reconciled(partitions: AssignedPartitions): void {
    if (this.state !== 'reconciling') return;
    this.current = partitions;
    // Said again even where it is the same: the coordinator waits for it.
    delete this.told.current;
    this.state = 'acknowledging';
  }

  /** Has dropped what it had, having lost its place; joins anew. */
  dropped(): void {
    if (this.state !== 'lost') return;
    this.state = 'joining';
  }

  fenced(): void {
    if (this.isMember) this.lose();
  }

  unheard(): void {
    this.told = {};
  }

  failed(error: KafkaError): void {
    if (this.state === 'left') return;
    this.state = 'failed';
    this.failure = error;
  }

  troubled(error: KafkaError): void {
    this.trouble = error;
  }

  expire(): EpochHeartbeat {
    const body = this.goodbye(this.options.groupInstanceId === null ? LEAVE_EPOCH : LEAVE_FOR_NOW_EPOCH);
    this.lose();
    return body;
  }

  /** It comes back by `dropped`. */
  polled(): void {}

  /** Static members say that they come back, unless `always`. Undefined when there is nobody to tell. */
  leave(always: boolean): EpochHeartbeat | undefined {
    const isStatic = this.options.groupInstanceId !== null && !always;
    const body = this.isMember ? this.goodbye(isStatic ? LEAVE_FOR_NOW_EPOCH : LEAVE_EPOCH) : undefined;
    this.state = 'left';
    this.memberEpoch = JOIN_EPOCH;
    return body;
  }

  private get isReconciled(): boolean {
    return this.current !== undefined && same(this.current, this.target);
  }

  /** An empty pattern takes back one that was said. */
  private wantedFields(before: Wanted | undefined): Partial<EpochHeartbeat> {
    const { topics, pattern } = this.wanted;
    const isGone = pattern === null && before !== undefined && before.pattern !== null;
    return {
      subscribedTopicNames: [...topics],
      ...(pattern !== null ? { subscribedTopicRegex: pattern } : isGone ? { subscribedTopicRegex: '' } : {}),
    };
  }

  private goodbye(memberEpoch: number): EpochHeartbeat {
    const { groupId, memberId, groupInstanceId } = this.options;
    return { groupId, memberId, memberEpoch, instanceId: groupInstanceId };
  }

  private lose(): void {
    this.state = 'lost';
    this.memberEpoch = JOIN_EPOCH;
    this.target = new Map();
    this.current = undefined;
    this.told = {};
  }
}

function same(a: AssignedPartitions, b: AssignedPartitions): boolean {
  if (a.size !== b.size) return false;
  for (const [topicId, partitions] of a) if (partitions.join() !== b.get(topicId)?.join()) return false;
  return true;
}
