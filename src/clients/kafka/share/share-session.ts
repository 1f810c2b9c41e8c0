import { getOrPut } from '../../../base/get-or-put.ts';
import { ErrorCode } from '../../../wire/kafka/errors.ts';
import type { AcknowledgementBatch, Acknowledgements } from './acknowledgements.ts';
import { partitionKey, type SharePartition } from './share-partition.ts';

const MAX_EPOCH = 0x7fff_ffff;
const FINAL_EPOCH = -1;

/** Answers that say: the broker does not have the session that the request belongs to. */
const SESSION_LOST: ReadonlySet<number> = new Set([
  ErrorCode.SHARE_SESSION_NOT_FOUND,
  ErrorCode.INVALID_SHARE_SESSION_EPOCH,
  ErrorCode.SHARE_SESSION_LIMIT_REACHED,
]);

interface TopicPart<P> {
  readonly topicId: string;
  readonly partitions: P[];
}

export interface SessionRequest {
  readonly shareSessionEpoch: number;
  readonly isRenewAck: boolean;
  readonly topics: TopicPart<{ partitionIndex: number; acknowledgementBatches: AcknowledgementBatch[] }>[];
  readonly forgottenTopicsData: TopicPart<number>[];
}

/**
 * The share session with one broker (KIP-932, `ShareSessionHandler` of 4.3): which partitions it fetches from is said
 * once, changes with the request that comes after them; its epoch counts the requests. What a broker has lent out in
 * a session is free again when the session ends, so that acknowledgements belong to the one they were acquired in.
 *
 *     new    --fetch is answered--> open
 *     open   --fetch, acknowledge is answered--> open, next epoch
 *     open   --broker does not know it, connection lost--> new, next generation
 *     open   --final acknowledge--> new, next generation
 *
 * One request at a time: the caller waits for `answered` or `broken`.
 */
export class ShareSession {
  /** Counts the sessions with this broker. */
  generation = 1;
  private epoch = 0;
  private partitions = new Map<string, SharePartition>();

  get isNew(): boolean {
    return this.epoch === 0;
  }

  /** Whether a fetch would say anything of these partitions that the broker does not know. */
  changesWith(wanted: readonly SharePartition[]): boolean {
    return (
      wanted.length !== this.partitions.size ||
      wanted.some((partition) => !this.partitions.has(partitionKey(partition)))
    );
  }

  /** The next fetch: from these partitions and no others. A new session cannot acknowledge anything. */
  fetch(wanted: readonly SharePartition[], acknowledgements: readonly Acknowledgements[]): SessionRequest {
    const next = new Map(wanted.map((partition) => [partitionKey(partition), partition]));
    const added = wanted.filter((partition) => this.isNew || !this.partitions.has(partitionKey(partition)));
    const removed = this.isNew
      ? []
      : [...this.partitions.values()].filter((partition) => !next.has(partitionKey(partition)));
    this.partitions = next;
    return {
      ...this.request(added, acknowledgements),
      forgottenTopicsData: byTopic(removed, ({ partition }) => partition),
    };
  }

  acknowledge(
    acknowledgements: readonly Acknowledgements[],
    isFinal: boolean,
  ): Omit<SessionRequest, 'forgottenTopicsData'> {
    const request = this.request([], acknowledgements);
    return isFinal ? { ...request, shareSessionEpoch: FINAL_EPOCH } : request;
  }

  /** Takes the error code of an answer as a whole. */
  answered(errorCode: number): void {
    if (SESSION_LOST.has(errorCode)) this.broken();
    else this.epoch = this.epoch === MAX_EPOCH ? 1 : this.epoch + 1;
  }

  /** No answer came, or the broker has no such session: what it had lent out in it is free. */
  broken(): void {
    this.epoch = 0;
    this.generation++;
    this.partitions.clear();
  }

  private request(
    added: readonly SharePartition[],
    acknowledgements: readonly Acknowledgements[],
  ): Omit<SessionRequest, 'forgottenTopicsData'> {
    const parts = new Map<string, { partition: SharePartition; batches: AcknowledgementBatch[] }>();
    for (const partition of added) parts.set(partitionKey(partition), { partition, batches: [] });
    for (const { partition, batches } of mergedByPartition(acknowledgements)) {
      parts.set(partitionKey(partition), { partition, batches });
    }
    const topics = new Map<string, SessionRequest['topics'][number]>();
    for (const { partition, batches } of parts.values()) {
      const { topicId } = partition;
      getOrPut(topics, topicId, () => ({ topicId, partitions: [] })).partitions.push({
        partitionIndex: partition.partition,
        acknowledgementBatches: batches,
      });
    }
    return {
      shareSessionEpoch: this.epoch,
      isRenewAck: acknowledgements.some(({ hasRenewals }) => hasRenewals),
      topics: [...topics.values()],
    };
  }
}

/** A partition may stand in a request once. */
function mergedByPartition(
  acknowledgements: readonly Acknowledgements[],
): { partition: SharePartition; batches: AcknowledgementBatch[] }[] {
  const merged = new Map<string, { partition: SharePartition; batches: AcknowledgementBatch[] }>();
  for (const each of acknowledgements) {
    const { partition } = each;
    getOrPut(merged, partitionKey(partition), () => ({ partition, batches: [] })).batches.push(
      ...each.batches(),
    );
  }
  for (const { batches } of merged.values()) batches.sort((a, b) => a.firstOffset - b.firstOffset);
  return [...merged.values()];
}

function byTopic<P>(
  partitions: readonly SharePartition[],
  make: (partition: SharePartition) => P,
): TopicPart<P>[] {
  const topics = new Map<string, TopicPart<P>>();
  for (const partition of partitions) {
    const { topicId } = partition;
    getOrPut(topics, topicId, () => ({ topicId, partitions: [] as P[] })).partitions.push(make(partition));
  }
  return [...topics.values()];
}
