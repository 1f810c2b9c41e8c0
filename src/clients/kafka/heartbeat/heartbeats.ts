import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { backoffMs } from '../cluster/backoff.ts';
import { Bell } from '../cluster/bell.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { BrokerError, KafkaError } from '../kafka-error.ts';
import { type HeartbeatAnswer, type HeartbeatMember, heartbeatVerdict } from './heartbeat-member.ts';

export interface HeartbeatsOptions<Body, Answer extends HeartbeatAnswer> {
  readonly groupId: string;
  readonly member: HeartbeatMember<Body, Answer>;
  /** Asks the group's coordinator. */
  readonly ask: (body: Body) => Promise<Answer>;
  /** A member that does not ask for records for so long leaves. */
  readonly maxPollIntervalMs: number;
  /** Whether somebody waits for records at the moment. */
  readonly isWaiting: () => boolean;
  /** Told whenever the member has changed. */
  readonly onChange: () => void;
}

/** No timer takes more. */
const NEVER_MS = 0x7fff_ffff;

/** Sends the heartbeats of a member in time: each when it is due or urgent, one at a time, again after failures that pass. */
export class Heartbeats<Body, Answer extends HeartbeatAnswer> {
  private readonly cluster: Cluster;
  private readonly options: HeartbeatsOptions<Body, Answer>;
  private readonly bell: Bell;
  private dueMs = 0;
  private failures = 0;
  /** Since the last look. */
  private wasPolled = true;
  private polledMs: number;
  private stopped = false;
  private readonly running: Promise<void>;

  constructor(cluster: Cluster, options: HeartbeatsOptions<Body, Answer>) {
    this.cluster = cluster;
    this.options = options;
    this.bell = new Bell(cluster.env.timers);
    this.polledMs = this.nowMs;
    this.running = this.run();
  }

  /** Looks at the member anew: it may have become urgent. */
  look(): void {
    this.bell.ring();
  }

  /** Somebody asks for records. Cheap. */
  polled(): void {
    this.wasPolled = true;
    const { member } = this.options;
    if (member.isMember) return;
    member.polled();
    this.look();
  }

  /** Ends them; resolves once none is under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.look();
    await this.running;
  }

  private get nowMs(): number {
    return this.cluster.env.clock.monotonicMs();
  }

  private async run(): Promise<void> {
    const { member, onChange } = this.options;
    while (!this.stopped) {
      const waitMs = this.waitMs();
      if (waitMs > 0) {
        await this.bell.wait(waitMs);
        continue;
      }
      const body = this.isExpired() ? member.expire() : member.heartbeat();
      if (body === undefined) continue;
      await this.beat(body);
      onChange();
    }
  }

  private isExpired(): boolean {
    const { member, maxPollIntervalMs } = this.options;
    return member.isMember && this.nowMs >= this.polledMs + maxPollIntervalMs;
  }

  /** Until the next heartbeat, or until the member has not polled for too long. */
  private waitMs(): number {
    const { member, maxPollIntervalMs, isWaiting } = this.options;
    if (this.wasPolled || isWaiting()) this.polledMs = this.nowMs;
    this.wasPolled = false;
    if (!member.isMember) return NEVER_MS;
    const expiryMs = this.polledMs + maxPollIntervalMs - this.nowMs;
    // What failed waits for its pause, however urgent it is.
    const dueMs = member.isUrgent && this.failures === 0 ? 0 : this.dueMs - this.nowMs;
    return Math.min(NEVER_MS, expiryMs, dueMs);
  }

  private async beat(body: Body): Promise<void> {
    const { member } = this.options;
    try {
      const answer = await this.options.ask(body);
      if (answer.errorCode === ErrorCode.NONE) {
        this.failures = 0;
        this.dueMs = this.nowMs + answer.heartbeatIntervalMs;
        member.accepted(answer);
      } else this.refused(answer);
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error;
      member.unheard();
      if (error.retriable) this.again();
      else if (!this.stopped) member.failed(error);
    }
  }

  private refused({ errorCode, errorMessage }: HeartbeatAnswer): void {
    const { member, groupId } = this.options;
    const error = new BrokerError(errorCode, `the group ${groupId}`, errorMessage);
    const verdict = heartbeatVerdict(errorCode);
    member.unheard();
    if (verdict === 'fenced') {
      this.failures = 0;
      this.dueMs = this.nowMs;
      member.fenced();
      return;
    }
    if (verdict === 'failed') {
      member.failed(error);
      return;
    }
    if (verdict === 'moved') this.cluster.coordinatorMoved('group', groupId, errorCode);
    if (verdict === 'troubled') member.troubled(error);
    this.again();
  }

  private again(): void {
    const { retryBackoffMs, retryBackoffMaxMs } = this.cluster.settings;
    this.failures++;
    this.dueMs =
      this.nowMs + backoffMs(this.cluster.env.random, retryBackoffMs, retryBackoffMaxMs, this.failures);
  }
}
