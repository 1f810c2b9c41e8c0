import type { Env } from '../../../src/env/env.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import {
  ShareGroupHeartbeatRequest,
  ShareGroupHeartbeatResponse,
} from '../../../src/wire/kafka/messages/76-share-group-heartbeat.ts';
import { ShareFetchRequest, ShareFetchResponse } from '../../../src/wire/kafka/messages/78-share-fetch.ts';
import {
  ShareAcknowledgeRequest,
  ShareAcknowledgeResponse,
} from '../../../src/wire/kafka/messages/79-share-acknowledge.ts';
import { buildBatch } from '../../../src/wire/kafka/records/builder.ts';
import type { Draft, Infer } from '../../../src/wire/kafka/schema/index.ts';
import { ModelBroker, type ModelCall } from './model-broker.ts';

type FetchBody = Infer<typeof ShareFetchRequest>;
type AcknowledgeBody = Infer<typeof ShareAcknowledgeRequest>;
type AckBatch = AcknowledgeBody['topics'][number]['partitions'][number]['acknowledgementBatches'][number];

interface ModelRecord {
  state: 'available' | 'acquired' | 'accepted' | 'rejected';
  deliveries: number;
  memberId: string;
  lockedUntilMs: number;
}

interface Session {
  epoch: number;
  readonly connectionId: number;
  readonly partitions: Set<number>;
}

const TOPIC_ID = Buffer.from('a topic of share').toString('base64url');
const BATCH = 4;
const POLL_MS = 20;

/**
 * A share group as Apache's broker keeps it, for one topic: records that are lent out and come back, sessions that end
 * with their connections, members with epochs. What is acknowledged survives a crash; members and sessions do not.
 */
export class ShareGroupModel {
  readonly broker = new ModelBroker();
  readonly topic = 'jobs';
  /** By partition and offset. */
  readonly records: ModelRecord[][];
  /** What went wrong in a client's way of speaking, where the protocol leaves it no excuse. */
  readonly complaints: string[] = [];
  /** Version of the share APIs. */
  lockTimeoutMs = 2000;
  private env: Env;
  private readonly members = new Map<string, number>();
  private readonly sessions = new Map<string, Session>();

  constructor(env: Env, partitions: number, share = { min: 1, max: 2 }) {
    this.env = env;
    this.records = Array.from({ length: partitions }, () => []);
    this.broker.topics.push({ name: this.topic, topicId: TOPIC_ID, partitions });
    this.broker.serve(
      { request: ShareGroupHeartbeatRequest, response: ShareGroupHeartbeatResponse },
      (body) => this.heartbeat(body),
    );
    this.broker.serve(
      { request: ShareFetchRequest, response: ShareFetchResponse },
      (body, call) => this.fetch(body, call),
      share,
    );
    this.broker.serve(
      { request: ShareAcknowledgeRequest, response: ShareAcknowledgeResponse },
      (body, call) => this.acknowledge(body, call),
      share,
    );
    this.broker.onGone = (connectionId) => this.gone(connectionId);
  }

  /** Serves (again) with what a crash has left. */
  async start(env: Env): Promise<void> {
    this.env = env;
    this.members.clear();
    for (const memberId of [...this.sessions.keys()]) this.endSession(memberId);
    await this.broker.listen(env);
  }

  append(partition: number, count: number): void {
    for (let index = 0; index < count; index++) {
      this.records[partition]?.push({ state: 'available', deliveries: 0, memberId: '', lockedUntilMs: 0 });
    }
  }

  /** The coordinator forgets all members, as when their heartbeats have not come. */
  forgetMembers(): void {
    this.members.clear();
  }

  count(state: ModelRecord['state']): number {
    return this.records.flat().filter((record) => record.state === state).length;
  }

  private heartbeat(
    body: Infer<typeof ShareGroupHeartbeatRequest>,
  ): Draft<typeof ShareGroupHeartbeatResponse> {
    const { memberId, memberEpoch, subscribedTopicNames } = body;
    const known = this.members.get(memberId);
    if (memberEpoch === -1) {
      this.members.delete(memberId);
      return heartbeatAnswer(known === undefined ? ErrorCode.UNKNOWN_MEMBER_ID : 0, -1);
    }
    if (memberEpoch === 0) {
      if (subscribedTopicNames === null) this.complaints.push('a member joins without its topics');
      this.members.set(memberId, (known ?? 0) + 1);
    } else if (known === undefined) return heartbeatAnswer(ErrorCode.UNKNOWN_MEMBER_ID, 0);
    else if (memberEpoch !== known) return heartbeatAnswer(ErrorCode.FENCED_MEMBER_EPOCH, 0);
    const partitions = this.records.map((_, partition) => partition);
    return {
      ...heartbeatAnswer(0, this.members.get(memberId) ?? 0),
      memberId,
      assignment: memberEpoch === 0 ? { topicPartitions: [{ topicId: TOPIC_ID, partitions }] } : null,
    };
  }

  private async fetch(body: FetchBody, call: ModelCall): Promise<Draft<typeof ShareFetchResponse>> {
    const memberId = body.memberId ?? '';
    const session = this.enter(memberId, body.shareSessionEpoch, call);
    if (typeof session === 'number') return { ...this.fetchAnswer(session), responses: [] };
    const acknowledged = new Map<number, number>();
    for (const { partitions } of body.topics) {
      for (const { partitionIndex, acknowledgementBatches } of partitions) {
        if (acknowledgementBatches.length > 0) {
          if (body.shareSessionEpoch === 0) this.complaints.push('a first fetch acknowledges');
          acknowledged.set(
            partitionIndex,
            this.takeBatches(memberId, partitionIndex, acknowledgementBatches),
          );
        } else session.partitions.add(partitionIndex);
      }
    }
    for (const { partitions } of body.forgottenTopicsData)
      for (const each of partitions) session.partitions.delete(each);
    const acquired = await this.acquire(memberId, session, body);
    const partitions = [...new Set([...acknowledged.keys(), ...acquired.keys()])].map((partitionIndex) => {
      const offsets = acquired.get(partitionIndex) ?? [];
      return {
        partitionIndex,
        errorCode: 0,
        acknowledgeErrorCode: acknowledged.get(partitionIndex) ?? 0,
        currentLeader: { leaderId: 1, leaderEpoch: 0 },
        records: this.batches(partitionIndex, offsets),
        acquiredRecords: offsets.map((offset) => ({
          firstOffset: offset,
          lastOffset: offset,
          deliveryCount: this.records[partitionIndex]?.[offset]?.deliveries ?? 0,
        })),
      };
    });
    return { ...this.fetchAnswer(0), responses: [{ topicId: TOPIC_ID, partitions }] };
  }

  private acknowledge(body: AcknowledgeBody, call: ModelCall): Draft<typeof ShareAcknowledgeResponse> {
    const memberId = body.memberId ?? '';
    const session = this.enter(memberId, body.shareSessionEpoch, call);
    const answer = { throttleTimeMs: 0, acquisitionLockTimeoutMs: this.lockTimeoutMs, nodeEndpoints: [] };
    if (typeof session === 'number') return { ...answer, errorCode: session, responses: [] };
    const partitions = body.topics.flatMap(({ partitions }) =>
      partitions.map(({ partitionIndex, acknowledgementBatches }) => ({
        partitionIndex,
        errorCode: this.takeBatches(memberId, partitionIndex, acknowledgementBatches),
        currentLeader: { leaderId: 1, leaderEpoch: 0 },
      })),
    );
    if (body.shareSessionEpoch === -1) this.endSession(memberId);
    return { ...answer, errorCode: 0, responses: [{ topicId: TOPIC_ID, partitions }] };
  }

  private fetchAnswer(errorCode: number) {
    return { throttleTimeMs: 0, errorCode, acquisitionLockTimeoutMs: this.lockTimeoutMs, nodeEndpoints: [] };
  }

  /** The session of a request, or the error code that it is refused with. */
  private enter(memberId: string, epoch: number, { connectionId }: ModelCall): Session | number {
    if (epoch === 0) {
      this.endSession(memberId);
      const session = { epoch: 1, connectionId, partitions: new Set<number>() };
      this.sessions.set(memberId, session);
      return session;
    }
    const session = this.sessions.get(memberId);
    if (session === undefined) return ErrorCode.SHARE_SESSION_NOT_FOUND;
    if (epoch === -1) return session;
    if (epoch !== session.epoch) return ErrorCode.INVALID_SHARE_SESSION_EPOCH;
    session.epoch++;
    return session;
  }

  private gone(connectionId: number): void {
    for (const [memberId, session] of this.sessions)
      if (session.connectionId === connectionId) this.endSession(memberId);
  }

  /** What the member has not acknowledged is free again. */
  private endSession(memberId: string): void {
    this.sessions.delete(memberId);
    for (const record of this.records.flat()) {
      if (record.state === 'acquired' && record.memberId === memberId) record.state = 'available';
    }
  }

  /** All or nothing, as the broker does it for one partition. */
  private takeBatches(memberId: string, partition: number, batches: readonly AckBatch[]): number {
    const verdicts: [ModelRecord, number][] = [];
    let last = -1;
    for (const { firstOffset, lastOffset, acknowledgeTypes } of batches) {
      if (firstOffset <= last) this.complaints.push(`acknowledgement batches overlap at ${firstOffset}`);
      last = lastOffset;
      for (let offset = firstOffset; offset <= lastOffset; offset++) {
        const record = this.records[partition]?.[offset];
        const type =
          acknowledgeTypes.length === 1 ? acknowledgeTypes[0] : acknowledgeTypes[offset - firstOffset];
        if (record === undefined || type === undefined) return ErrorCode.INVALID_REQUEST;
        this.unlock(record);
        if (record.state !== 'acquired' || record.memberId !== memberId)
          return ErrorCode.INVALID_RECORD_STATE;
        verdicts.push([record, type]);
      }
    }
    for (const [record, type] of verdicts) {
      if (type === 4) record.lockedUntilMs = this.nowMs + this.lockTimeoutMs;
      else record.state = type === 1 ? 'accepted' : type === 2 ? 'available' : 'rejected';
    }
    return 0;
  }

  /** Offsets by partition, once there are some, or when the time is up. */
  private async acquire(memberId: string, session: Session, body: FetchBody): Promise<Map<number, number[]>> {
    const endMs = this.nowMs + body.maxWaitMs;
    const { env } = this;
    const acquired = new Map<number, number[]>();
    while (body.maxRecords > 0) {
      let left = body.maxRecords;
      for (const partition of session.partitions) {
        for (const [offset, record] of (this.records[partition] ?? []).entries()) {
          this.unlock(record);
          if (left === 0 || record.state !== 'available') continue;
          left--;
          record.state = 'acquired';
          record.deliveries++;
          record.memberId = memberId;
          record.lockedUntilMs = this.nowMs + this.lockTimeoutMs;
          acquired.set(partition, [...(acquired.get(partition) ?? []), offset]);
        }
      }
      if (acquired.size > 0 || this.nowMs >= endMs || this.sessions.get(memberId) !== session) break;
      await new Promise<void>((resolve) => env.timers.after(POLL_MS, resolve));
    }
    return acquired;
  }

  private unlock(record: ModelRecord): void {
    if (record.state === 'acquired' && record.lockedUntilMs <= this.nowMs) record.state = 'available';
  }

  /** Whole batches, as the log has them, with more in them than was acquired. */
  private batches(partition: number, offsets: readonly number[]): Buffer {
    const length = this.records[partition]?.length ?? 0;
    const starts = [...new Set(offsets.map((offset) => offset - (offset % BATCH)))];
    return Buffer.concat(
      starts.map((start) => {
        const drafts = Array.from({ length: Math.min(BATCH, length - start) }, (_, index) => ({
          timestamp: 1,
          key: null,
          value: Buffer.from(`${partition}:${start + index}`),
        }));
        return buildBatch(drafts, { baseOffset: start });
      }),
    );
  }

  private get nowMs(): number {
    return this.env.clock.monotonicMs();
  }
}

function heartbeatAnswer(errorCode: number, memberEpoch: number) {
  return { throttleTimeMs: 0, errorCode, memberEpoch, heartbeatIntervalMs: 500 };
}
