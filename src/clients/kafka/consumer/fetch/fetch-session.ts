import { ZERO_UUID } from '../../../../wire/kafka/schema/index.ts';

/** What a fetch asks of one partition. */
export interface WantedPartition {
  readonly topic: string;
  /** All zeros where it is not known. */
  readonly topicId: string;
  readonly partition: number;
  readonly fetchOffset: number;
  readonly currentLeaderEpoch: number;
  readonly maxBytes: number;
}

/** The session part of a fetch request. */
export interface SessionRequest {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  /** What the broker does not know already. */
  readonly added: readonly WantedPartition[];
  readonly forgotten: readonly WantedPartition[];
}

const NO_SESSION = 0;
/** Opens a session: everything is asked for in full. */
const FIRST_EPOCH = 0;
/** Closes it. */
const FINAL_EPOCH = -1;
const MAX_EPOCH = 0x7fff_ffff;

/**
 * What one broker remembers of the fetches of this consumer, so that each need only tell what has changed (KIP-227).
 * As `FetchSessionHandler`.
 *
 *     none --answer with an id--> open --answer with the id--> open
 *     open --error, answer without an id, no answer--> none
 */
export class FetchSession {
  private id = NO_SESSION;
  private epoch = FIRST_EPOCH;
  /** What the broker will know of once it has got the request under way. */
  private partitions = new Map<string, WantedPartition>();
  private byId = true;

  /** Whether the request under way, and its answer, may speak of topics by id: from version 13 on they must. */
  get usesTopicIds(): boolean {
    return this.byId;
  }

  /** What to ask for to get all of `wanted`. One request at a time: take in its answer before the next. */
  next(wanted: readonly WantedPartition[]): SessionRequest {
    const byId = wanted.every(({ topicId }) => topicId !== ZERO_UUID);
    // A session speaks of topics by name or by id, not both.
    if (byId !== this.byId) this.failed(true);
    this.byId = byId;
    const before = this.partitions;
    this.partitions = new Map(wanted.map((one) => [`${one.topic}-${one.partition}`, one]));
    if (this.epoch === FIRST_EPOCH) {
      return { sessionId: this.id, sessionEpoch: FIRST_EPOCH, added: wanted, forgotten: [] };
    }
    const forgotten: WantedPartition[] = [];
    for (const [key, known] of before) {
      const now = this.partitions.get(key);
      // A topic that was created anew is another one.
      if (now === undefined || now.topicId !== known.topicId) forgotten.push(known);
    }
    const added: WantedPartition[] = [];
    for (const [key, now] of this.partitions) {
      if (!isSame(now, before.get(key))) added.push(now);
    }
    return { sessionId: this.id, sessionEpoch: this.epoch, added, forgotten };
  }

  /** Takes in the session id of an answer without error. */
  answered(sessionId: number): void {
    if (sessionId === NO_SESSION) {
      this.reset();
      return;
    }
    this.epoch = this.epoch === MAX_EPOCH || this.epoch < 1 ? 1 : this.epoch + 1;
    this.id = sessionId;
  }

  /** The next request opens a new session, and closes the old one if that is still there. */
  failed(keepId: boolean): void {
    if (!keepId) this.id = NO_SESSION;
    this.epoch = FIRST_EPOCH;
    this.partitions = new Map();
  }

  /** What closes the session; undefined when there is none. */
  close(): SessionRequest | undefined {
    if (this.id === NO_SESSION) return undefined;
    const sessionId = this.id;
    this.reset();
    return { sessionId, sessionEpoch: FINAL_EPOCH, added: [], forgotten: [] };
  }

  private reset(): void {
    this.id = NO_SESSION;
    this.epoch = FIRST_EPOCH;
    this.partitions = new Map();
  }
}

function isSame(now: WantedPartition, known: WantedPartition | undefined): boolean {
  return (
    known !== undefined &&
    now.topicId === known.topicId &&
    now.fetchOffset === known.fetchOffset &&
    now.currentLeaderEpoch === known.currentLeaderEpoch &&
    now.maxBytes === known.maxBytes
  );
}
