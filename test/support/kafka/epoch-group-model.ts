import type { Env } from '../../../src/env/env.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from '../../../src/wire/kafka/messages/68-consumer-group-heartbeat.ts';
import type { Draft, Infer } from '../../../src/wire/kafka/schema/index.ts';
import { ModelBroker } from './model-broker.ts';

type Body = Infer<typeof ConsumerGroupHeartbeatRequest>;

interface Member {
  epoch: number;
  readonly instanceId: string | null;
  /** What it says that it has, and what it was told to have. */
  owned: ReadonlySet<number>;
  assigned: ReadonlySet<number>;
  /** All that it was ever told to have. */
  readonly given: Set<number>;
  seenMs: number;
}

const TOPIC_ID = Buffer.from('topic of a group').toString('base64url');
const HEARTBEAT_MS = 500;
const SESSION_MS = 3000;

/** The coordinator of a group of KIP-848 with one topic: epochs, a target, and nothing assigned that another still has. */
export class EpochGroupModel {
  readonly broker = new ModelBroker();
  readonly topic = 'orders';
  readonly members = new Map<string, Member>();
  /** What went wrong in a client's way of speaking. */
  readonly complaints: string[] = [];
  private readonly partitions: number;
  private groupEpoch = 0;
  private env: Env;

  constructor(env: Env, partitions: number) {
    this.env = env;
    this.partitions = partitions;
    this.broker.topics.push({ name: this.topic, topicId: TOPIC_ID, partitions });
    this.broker.serve(
      { request: ConsumerGroupHeartbeatRequest, response: ConsumerGroupHeartbeatResponse },
      (body) => this.heartbeat(body),
    );
  }

  /** Serves (again); the group survives a crash, and nobody's session runs on meanwhile. */
  async start(env: Env): Promise<void> {
    this.env = env;
    for (const member of this.members.values()) member.seenMs = this.nowMs;
    await this.broker.listen(env);
  }

  /** Throws a member out, as an administrator or a rebalance timeout does. */
  throwOut(memberId: string): void {
    if (this.members.delete(memberId)) this.groupEpoch++;
  }

  private heartbeat(body: Body): Draft<typeof ConsumerGroupHeartbeatResponse> {
    this.expire();
    const { memberId, memberEpoch, instanceId } = body;
    if (memberEpoch < 0) {
      this.throwOut(memberId);
      return answer(0, memberEpoch);
    }
    const known = this.members.get(memberId);
    if (memberEpoch === 0) {
      if (
        body.subscribedTopicNames === null ||
        body.rebalanceTimeoutMs < 0 ||
        body.topicPartitions?.length !== 0
      ) {
        this.complaints.push('a member joins without saying everything, or with partitions');
      }
      if (
        instanceId !== null &&
        [...this.members].some(([id, other]) => id !== memberId && other.instanceId === instanceId)
      ) {
        return answer(ErrorCode.UNRELEASED_INSTANCE_ID, 0);
      }
      this.members.set(memberId, {
        epoch: 0,
        instanceId,
        owned: new Set(),
        assigned: new Set(),
        given: new Set(),
        seenMs: this.nowMs,
      });
      this.groupEpoch++;
    } else if (known === undefined) return answer(ErrorCode.UNKNOWN_MEMBER_ID, 0);
    else if (memberEpoch !== known.epoch) return answer(ErrorCode.FENCED_MEMBER_EPOCH, 0);
    return this.advance(memberId, body);
  }

  private advance(memberId: string, body: Body): Draft<typeof ConsumerGroupHeartbeatResponse> {
    const member = this.members.get(memberId);
    if (member === undefined) return answer(ErrorCode.UNKNOWN_MEMBER_ID, 0);
    member.seenMs = this.nowMs;
    if (body.topicPartitions !== null) {
      member.owned = new Set(body.topicPartitions.flatMap(({ partitions }) => partitions));
      for (const partition of member.owned) {
        if (!member.given.has(partition))
          this.complaints.push(`${memberId} has ${partition}, which it was not given`);
      }
    }
    const target = this.targetOf(memberId);
    const before = member.assigned;
    const kept = [...member.owned].filter((partition) => target.has(partition));
    if (kept.length < member.owned.size) member.assigned = new Set(kept);
    else {
      member.epoch = this.groupEpoch;
      member.assigned = new Set([...target].filter((partition) => !this.isHeldByOther(memberId, partition)));
    }
    for (const partition of member.assigned) member.given.add(partition);
    const isNews =
      body.memberEpoch === 0 ||
      body.subscribedTopicNames !== null ||
      [...before].join() !== [...member.assigned].join();
    const partitions = [...member.assigned];
    return {
      ...answer(0, member.epoch),
      memberId,
      assignment: isNews
        ? { topicPartitions: partitions.length === 0 ? [] : [{ topicId: TOPIC_ID, partitions }] }
        : null,
    };
  }

  private targetOf(memberId: string): ReadonlySet<number> {
    const ids = [...this.members.keys()].sort();
    const place = ids.indexOf(memberId);
    const all = Array.from({ length: this.partitions }, (_, partition) => partition);
    return new Set(all.filter((partition) => partition % ids.length === place));
  }

  private isHeldByOther(memberId: string, partition: number): boolean {
    return [...this.members].some(
      ([id, { owned, assigned }]) => id !== memberId && (owned.has(partition) || assigned.has(partition)),
    );
  }

  private expire(): void {
    for (const [memberId, { seenMs }] of this.members)
      if (this.nowMs - seenMs > SESSION_MS) this.throwOut(memberId);
  }

  private get nowMs(): number {
    return this.env.clock.monotonicMs();
  }
}

function answer(errorCode: number, memberEpoch: number) {
  return { throttleTimeMs: 0, errorCode, memberEpoch, heartbeatIntervalMs: HEARTBEAT_MS };
}
