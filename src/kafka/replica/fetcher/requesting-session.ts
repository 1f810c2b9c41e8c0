import { ErrorCode } from '../../../wire/kafka/errors.ts';
import type { FetchRequest, FetchResponse } from '../../../wire/kafka/messages/01-fetch.ts';
import type { Draft, Infer } from '../../../wire/kafka/schema/index.ts';
import { zeroUuid } from '../../metadata/model.ts';

/** What is asked of one partition. */
export interface WantedPartition {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly fetchOffset: number;
  readonly logStartOffset: number;
  readonly maxBytes: number;
  readonly currentLeaderEpoch: number;
  /** -1 when the leader is not to look for divergence. */
  readonly lastFetchedEpoch: number;
}

type Request = Draft<typeof FetchRequest>;
type Topics = Request['topics'];
type Forgotten = NonNullable<Request['forgottenTopicsData']>;
type Response = Infer<typeof FetchResponse>;

/** The part of a fetch request that a session decides. */
export interface SessionFetch {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  readonly byTopicId: boolean;
  readonly topics: Topics;
  readonly forgottenTopicsData: Forgotten;
}

const NO_SESSION = 0;
const INITIAL_EPOCH = 0;
const MAX_EPOCH = 0x7fff_ffff;

/**
 * The requesting side of a fetch session (KIP-227, Apache's FetchSessionHandler): after a first full request only
 * what changes is named.
 *
 * States: full (the next request names everything) -> incremental, when the leader has opened a session; back to
 * full when the leader does not know the session, answers something else than was asked, or does not answer.
 */
export class RequestingSession {
  private id = NO_SESSION;
  private epoch = INITIAL_EPOCH;
  private byTopicId = false;
  /** What the leader has been told, by the keys of {@link keyOf}. */
  private told = new Map<string, WantedPartition>();

  /**
   * The next request for these partitions; undefined when there is nothing to ask. Goes by topic ids where the
   * protocol has them and every topic has one.
   */
  next(wanted: readonly WantedPartition[], hasTopicIds: boolean): SessionFetch | undefined {
    const byTopicId =
      wanted.length === 0
        ? this.byTopicId
        : hasTopicIds && wanted.every(({ topicId }) => topicId !== zeroUuid);
    if (byTopicId !== this.byTopicId) this.epoch = INITIAL_EPOCH;
    this.byTopicId = byTopicId;
    const before = this.epoch === INITIAL_EPOCH ? new Map<string, WantedPartition>() : this.told;
    const changed: WantedPartition[] = [];
    const now = new Map<string, WantedPartition>();
    for (const partition of wanted) {
      const key = this.keyOf(partition);
      now.set(key, partition);
      const known = before.get(key);
      if (known === undefined || !sameRequest(known, partition)) changed.push(partition);
    }
    const forgotten: WantedPartition[] = [];
    // As a rule nothing has gone, and then there is nothing to look for.
    if (changed.length > 0 || now.size < before.size) {
      for (const [key, partition] of before) if (!now.has(key)) forgotten.push(partition);
    }
    this.told = now;
    if (now.size === 0 && forgotten.length === 0) return undefined;
    return {
      sessionId: this.id,
      sessionEpoch: this.epoch,
      byTopicId,
      topics: groupByTopic(changed).map(({ topic, topicId, items }) => ({
        topic,
        topicId,
        partitions: items.map((item) => ({
          partition: item.partition,
          currentLeaderEpoch: item.currentLeaderEpoch,
          fetchOffset: item.fetchOffset,
          logStartOffset: item.logStartOffset,
          partitionMaxBytes: item.maxBytes,
          ...(item.lastFetchedEpoch < 0 ? {} : { lastFetchedEpoch: item.lastFetchedEpoch }),
        })),
      })),
      forgottenTopicsData: groupByTopic(forgotten).map(({ topic, topicId, items }) => ({
        topic,
        topicId,
        partitions: items.map(({ partition }) => partition),
      })),
    };
  }

  /** What was asked of a partition in an answer; undefined when nothing was. */
  asked(topic: string, topicId: string, partition: number): WantedPartition | undefined {
    return this.told.get(this.keyOf({ topic, topicId, partition }));
  }

  /** Takes an answer; false when it is not one to the request, which then has to be made anew and in full. */
  answered(response: Response): boolean {
    if (response.errorCode !== ErrorCode.NONE) {
      this.startOver(response.errorCode === ErrorCode.FETCH_SESSION_ID_NOT_FOUND ? NO_SESSION : this.id);
      return false;
    }
    if (!this.fits(response)) {
      this.startOver(this.epoch === INITIAL_EPOCH ? NO_SESSION : this.id);
      return false;
    }
    if (response.sessionId === NO_SESSION) {
      this.startOver(NO_SESSION);
    } else {
      this.id = response.sessionId;
      this.epoch = this.epoch === MAX_EPOCH ? 1 : this.epoch + 1;
    }
    return true;
  }

  /** No answer came: whether the leader has seen the request is not known. */
  lost(): void {
    this.startOver(this.id);
  }

  /** A full request that names an old session closes it. */
  private startOver(id: number): void {
    this.id = id;
    this.epoch = INITIAL_EPOCH;
  }

  /** A full answer tells of everything, an incremental one of nothing but what was asked. */
  private fits(response: Response): boolean {
    let known = 0;
    for (const { topic, topicId, partitions } of response.responses) {
      for (const { partitionIndex } of partitions) {
        if (this.asked(topic, topicId, partitionIndex) === undefined) return false;
        known += 1;
      }
    }
    return this.epoch !== INITIAL_EPOCH || known === this.told.size;
  }

  private keyOf({
    topic,
    topicId,
    partition,
  }: {
    readonly topic: string;
    readonly topicId: string;
    readonly partition: number;
  }): string {
    return `${this.byTopicId ? topicId : topic}:${partition}`;
  }
}

function sameRequest(one: WantedPartition, other: WantedPartition): boolean {
  return (
    one.fetchOffset === other.fetchOffset &&
    one.logStartOffset === other.logStartOffset &&
    one.maxBytes === other.maxBytes &&
    one.currentLeaderEpoch === other.currentLeaderEpoch &&
    one.lastFetchedEpoch === other.lastFetchedEpoch
  );
}

/** Neighbours of one topic go together; the order of the partitions stays. */
function groupByTopic(partitions: readonly WantedPartition[]) {
  const groups: { topic: string; topicId: string; items: WantedPartition[] }[] = [];
  for (const partition of partitions) {
    const { topic, topicId } = partition;
    const last = groups.at(-1);
    if (last !== undefined && last.topic === topic && last.topicId === topicId) last.items.push(partition);
    else groups.push({ topic, topicId, items: [partition] });
  }
  return groups;
}
