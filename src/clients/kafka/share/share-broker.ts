import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { ShareFetchRequest, ShareFetchResponse } from '../../../wire/kafka/messages/78-share-fetch.ts';
import {
  ShareAcknowledgeRequest,
  ShareAcknowledgeResponse,
} from '../../../wire/kafka/messages/79-share-acknowledge.ts';
import type { Infer, Message } from '../../../wire/kafka/schema/index.ts';
import { backoffMs } from '../cluster/backoff.ts';
import type { OpenConnection } from '../cluster/broker-pool.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { BrokerError, KafkaError } from '../kafka-error.ts';
import type { BrokerConnection } from '../network/broker-connection.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import type { AcquiredRange } from './acquired-records.ts';
import { partitionKey, type SharePartition } from './share-partition.ts';
import { type SessionRequest, ShareSession } from './share-session.ts';

export interface ShareRequestSettings {
  readonly groupId: string;
  readonly memberId: string;
  readonly maxPollRecords: number;
  readonly fetchMinBytes: number;
  readonly fetchMaxBytes: number;
  readonly fetchMaxWaitMs: number;
  /** No more records than asked for are acquired at a time, from one broker at a time. */
  readonly isRecordLimit: boolean;
}

/** Records of one partition, as they came. */
export interface AcquiredBatch {
  readonly partition: SharePartition;
  readonly nodeId: number;
  /** Of the share session. */
  readonly generation: number;
  readonly bytes: Buffer;
  readonly ranges: readonly AcquiredRange[];
  /** When they were asked for, on the monotonic clock: the broker has locked them later. */
  readonly askedAtMs: number;
}

interface BrokerHooks {
  onAcquired(batch: AcquiredBatch): void;
  onLockTimeout(lockTimeoutMs: number): void;
  onError(error: KafkaError): void;
  /** What is known of leaders is outdated. */
  onStale(): void;
  /** It has nothing under way any more. */
  onIdle(): void;
}

/** What a broker is to be asked for: records, or (quiet) nothing but what changed in the session. */
export interface Wish {
  readonly partitions: readonly SharePartition[];
  readonly fetch: 'full' | 'quiet' | 'no';
}

type FetchAnswer = Infer<typeof ShareFetchResponse>;
type PartitionAnswer = FetchAnswer['responses'][number]['partitions'][number];

const FETCH = { request: ShareFetchRequest, response: ShareFetchResponse };
const ACKNOWLEDGE = { request: ShareAcknowledgeRequest, response: ShareAcknowledgeResponse };
/** Version 0 is that of an early access in 3.9 and 4.0. */
const FIRST_STABLE = 1;
/** Knows renewals and the acquire mode (KIP-1222, KIP-1206). */
const WITH_RENEWALS = 2;
const MAX_ATTEMPTS = 5;

/** Acknowledgements that these errors answer are lost: the records are free, or their topic is gone. */
const HOPELESS: ReadonlySet<number> = new Set([
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.UNKNOWN_TOPIC_ID,
]);

/** Errors of a fetch that new metadata may help against (`ShareFetchCollector.handleInitializeErrors` of 4.3). */
const STALE: ReadonlySet<number> = new Set([
  ...HOPELESS,
  ErrorCode.REPLICA_NOT_AVAILABLE,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.OFFSET_NOT_AVAILABLE,
  ErrorCode.INCONSISTENT_TOPIC_ID,
]);

/** Errors of a fetch that pass by themselves. */
const PASSING: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_LEADER_EPOCH,
  ErrorCode.UNKNOWN_SERVER_ERROR,
]);

/** What goes to one broker: one request at a time, in its share session. */
export class ShareBroker {
  private readonly cluster: Cluster;
  private readonly nodeId: number;
  private readonly settings: ShareRequestSettings;
  private readonly hooks: BrokerHooks;
  private readonly session = new ShareSession();
  /** That the session belongs to. */
  private connection: BrokerConnection | undefined;
  private waiting: Acknowledgements[] = [];
  private isUrgent = false;
  /** The request under way, or the pause after a failure. */
  private busy: Promise<void> | undefined;
  private failures = 0;
  private isClosing = false;
  /** Whether records are asked for at the moment. */
  isFetching = false;

  constructor(cluster: Cluster, nodeId: number, settings: ShareRequestSettings, hooks: BrokerHooks) {
    this.cluster = cluster;
    this.nodeId = nodeId;
    this.settings = settings;
    this.hooks = hooks;
  }

  /** Whether what was acquired in a session may still be this member's. */
  holds(generation: number): boolean {
    return generation === this.session.generation && this.connection?.isOpen === true;
  }

  put(acknowledgements: Acknowledgements, isUrgent: boolean): void {
    if (this.dropIfLost(acknowledgements)) return;
    this.waiting.push(acknowledgements);
    this.isUrgent ||= isUrgent;
  }

  /** Sends what is to be sent, unless a request is under way: `onIdle` tells when it is over. */
  next(wish: Wish): void {
    if (this.busy !== undefined || this.isClosing) return;
    this.waiting = this.waiting.filter((acknowledgements) => !this.dropIfLost(acknowledgements));
    if (this.waiting.length > 0 && (this.isUrgent || wish.fetch === 'no'))
      this.occupy(this.acknowledge(false));
    else if (wish.fetch === 'full') this.occupy(this.fetch(wish.partitions, true));
    else if (wish.fetch === 'quiet' && (this.waiting.length > 0 || this.session.changesWith(wish.partitions)))
      this.occupy(this.fetch(wish.partitions, false));
  }

  /** Ends the session, with the acknowledgements that wait. */
  async close(): Promise<void> {
    this.isClosing = true;
    await this.busy;
    if (this.session.isNew && this.waiting.length === 0) return;
    await this.acknowledge(true);
  }

  private occupy(work: Promise<void>): void {
    this.busy = work.finally(() => {
      this.busy = undefined;
      // In a turn of its own: whoever has caused this may have more to say.
      this.cluster.env.timers.soon(() => this.hooks.onIdle());
    });
  }

  /** What was acquired in a session that has ended is not this member's any more. */
  private dropIfLost(acknowledgements: Acknowledgements): boolean {
    if (!this.session.isNew && acknowledgements.generation === this.session.generation) return false;
    const { topic, partition } = acknowledgements.partition;
    acknowledgements.settle(
      new BrokerError(
        ErrorCode.SHARE_SESSION_NOT_FOUND,
        `acknowledgement of ${topic}-${partition}`,
        'the session has ended',
      ),
    );
    return true;
  }

  /** The connection of the session; another than before begins another session. */
  private async open(): Promise<OpenConnection> {
    const open = await this.cluster.connectTo(this.nodeId);
    if (open.connection !== this.connection && !this.session.isNew) this.session.broken();
    this.connection = open.connection;
    return open;
  }

  /** All that waits, but for what is settled here: of sessions that have ended, and renewals where the broker does not know them. */
  private take({ versions }: OpenConnection): Acknowledgements[] {
    this.isUrgent = false;
    const taken = this.waiting.splice(0).filter((each) => !this.dropIfLost(each));
    if (versions.serves(ShareAcknowledgeRequest, WITH_RENEWALS)) return taken;
    const text = `broker ${this.nodeId} cannot renew locks: that came with Kafka 4.2`;
    for (const each of taken) if (each.hasRenewals) each.settle(new KafkaError('UNSUPPORTED', text));
    return taken.filter(({ hasRenewals }) => !hasRenewals);
  }

  private async fetch(partitions: readonly SharePartition[], isFull: boolean): Promise<void> {
    this.isFetching = isFull;
    let sent: Acknowledgements[] = [];
    try {
      const open = await this.open();
      sent = this.take(open);
      const involved = [...partitions, ...sent.map(({ partition }) => partition)];
      const known = new Map(involved.map((partition) => [partitionKey(partition), partition]));
      const origin = { nodeId: this.nodeId, generation: this.session.generation, askedAtMs: this.nowMs };
      const response = await this.askForRecords(open, this.session.fetch(partitions, sent), isFull);
      if (!(await this.answered(response, sent))) return;
      for (const { topicId, partitions: answers } of response.responses) {
        for (const answer of answers) {
          const partition = known.get(partitionKey({ topicId, partition: answer.partitionIndex }));
          if (partition === undefined) continue;
          const { acknowledgeErrorCode, acknowledgeErrorMessage } = answer;
          this.settle(sent, partitionKey(partition), acknowledgeErrorCode, acknowledgeErrorMessage);
          this.takeRecords({ partition, ...origin }, answer);
        }
      }
      this.unanswered(sent);
    } catch (error) {
      await this.lost(error, sent);
    } finally {
      this.isFetching = false;
    }
  }

  private askForRecords(
    { connection, versions }: OpenConnection,
    session: SessionRequest,
    isFull: boolean,
  ): Promise<FetchAnswer> {
    const { isRenewAck, ...request } = session;
    const { settings } = this;
    const version = versions.highest(ShareFetchRequest, versionsFrom(ShareFetchRequest));
    const nothing = { maxWaitMs: 0, minBytes: 0, maxBytes: 0, maxRecords: 0, batchSize: 0 };
    const something = {
      maxWaitMs: settings.fetchMaxWaitMs,
      minBytes: settings.fetchMinBytes,
      maxBytes: settings.fetchMaxBytes,
      maxRecords: settings.maxPollRecords,
      batchSize: settings.maxPollRecords,
    };
    const draft = {
      groupId: settings.groupId,
      memberId: settings.memberId,
      ...request,
      // A fetch that renews asks for nothing else.
      ...(isFull && !isRenewAck ? something : nothing),
      ...(version >= WITH_RENEWALS ? { shareAcquireMode: settings.isRecordLimit ? 1 : 0, isRenewAck } : {}),
    };
    const timeoutMs = this.cluster.settings.requestTimeoutMs + settings.fetchMaxWaitMs;
    return connection.request(FETCH, version, draft, { timeoutMs });
  }

  private async acknowledge(isFinal: boolean): Promise<void> {
    let sent: Acknowledgements[] = [];
    try {
      const open = await this.open();
      sent = this.take(open);
      // It cannot begin a session, and there is none to end.
      if (this.session.isNew) return;
      const version = open.versions.highest(ShareAcknowledgeRequest, versionsFrom(ShareAcknowledgeRequest));
      const { isRenewAck, ...request } = this.session.acknowledge(sent, isFinal);
      const { groupId, memberId } = this.settings;
      const renewal = version >= WITH_RENEWALS ? { isRenewAck } : {};
      const draft = { groupId, memberId, ...request, ...renewal };
      const response = await open.connection.request(ACKNOWLEDGE, version, draft);
      if (!(await this.answered(response, sent))) return;
      for (const { topicId, partitions } of response.responses) {
        for (const { partitionIndex, errorCode, errorMessage } of partitions) {
          const key = partitionKey({ topicId, partition: partitionIndex });
          this.settle(sent, key, errorCode, errorMessage);
        }
      }
      this.unanswered(sent);
    } catch (error) {
      await this.lost(error, sent);
    } finally {
      if (isFinal) this.session.broken();
    }
  }

  /** Takes what stands above the partitions. Whether the rest of the answer counts. */
  private async answered(
    {
      errorCode,
      errorMessage,
      acquisitionLockTimeoutMs,
    }: Pick<FetchAnswer, 'errorCode' | 'errorMessage' | 'acquisitionLockTimeoutMs'>,
    sent: readonly Acknowledgements[],
  ): Promise<boolean> {
    this.session.answered(errorCode);
    if (acquisitionLockTimeoutMs > 0) this.hooks.onLockTimeout(acquisitionLockTimeoutMs);
    if (errorCode === ErrorCode.NONE) {
      this.failures = 0;
      return true;
    }
    const error = new BrokerError(errorCode, `the share session with broker ${this.nodeId}`, errorMessage);
    for (const acknowledgements of sent) acknowledgements.settle(error);
    if (errorCode === ErrorCode.UNKNOWN_TOPIC_ID) this.hooks.onStale();
    else if (!error.retriable) this.hooks.onError(error);
    await this.rest();
    return false;
  }

  private takeRecords(origin: Omit<AcquiredBatch, 'bytes' | 'ranges'>, answer: PartitionAnswer): void {
    const { errorCode, errorMessage, records, acquiredRecords } = answer;
    if (STALE.has(errorCode)) this.hooks.onStale();
    else if (errorCode !== ErrorCode.NONE && !PASSING.has(errorCode)) {
      const { topic, partition } = origin.partition;
      this.hooks.onError(new BrokerError(errorCode, `records of ${topic}-${partition}`, errorMessage));
    }
    if (acquiredRecords.length === 0) return;
    this.hooks.onAcquired({ ...origin, bytes: records ?? Buffer.alloc(0), ranges: acquiredRecords });
  }

  /** Settles those of a partition; those whose failure passes go into the next request. */
  private settle(
    sent: Acknowledgements[],
    key: string,
    errorCode: number,
    errorMessage: string | null,
  ): void {
    for (const acknowledgements of sent.filter(({ partition }) => partitionKey(partition) === key)) {
      sent.splice(sent.indexOf(acknowledgements), 1);
      if (errorCode === ErrorCode.NONE) {
        acknowledgements.settle(undefined);
        continue;
      }
      const { topic, partition } = acknowledgements.partition;
      const error = new BrokerError(errorCode, `acknowledgement of ${topic}-${partition}`, errorMessage);
      const isHopeless = !error.retriable || HOPELESS.has(errorCode) || this.isClosing;
      if (HOPELESS.has(errorCode)) this.hooks.onStale();
      if (isHopeless || ++acknowledgements.attempts >= MAX_ATTEMPTS) acknowledgements.settle(error);
      else this.put(acknowledgements, true);
    }
  }

  private unanswered(sent: readonly Acknowledgements[]): void {
    for (const acknowledgements of sent) {
      const { topic, partition } = acknowledgements.partition;
      acknowledgements.settle(
        new BrokerError(
          ErrorCode.INVALID_RECORD_STATE,
          `acknowledgement of ${topic}-${partition}`,
          'the answer does not mention it',
        ),
      );
    }
  }

  /** No answer came. Whether acknowledgements have arrived is open. */
  private async lost(error: unknown, sent: readonly Acknowledgements[]): Promise<void> {
    if (!(error instanceof KafkaError)) throw error;
    this.session.broken();
    for (const acknowledgements of sent) acknowledgements.settle(error);
    if (error.code === 'CLOSED') return;
    if (error.retriable) this.hooks.onStale();
    else this.hooks.onError(error);
    await this.rest();
  }

  private get nowMs(): number {
    return this.cluster.env.clock.monotonicMs();
  }

  private rest(): Promise<void> {
    if (this.isClosing) return Promise.resolve();
    const { retryBackoffMs, retryBackoffMaxMs } = this.cluster.settings;
    const { random, timers } = this.cluster.env;
    this.failures++;
    const delayMs = backoffMs(random, retryBackoffMs, retryBackoffMaxMs, this.failures);
    return new Promise((resolve) => timers.after(delayMs, resolve));
  }
}

function versionsFrom({ versions }: Message): { min: number; max: number } {
  return { min: FIRST_STABLE, max: versions.max };
}
