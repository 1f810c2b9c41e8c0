import type { Timer } from '../../../env/timers.ts';
import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { backoffMs } from '../cluster/backoff.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { BrokerError, isRetriable } from '../kafka-error.ts';
import type { Subscription } from './subscription.ts';

interface KeeperOptions {
  readonly allowAutoCreateTopics: boolean;
  readonly excludeInternalTopics: boolean;
}

/** Keeps what is known of the topics that a consumer reads up to date, in the background. */
export class MetadataKeeper {
  private readonly cluster: Cluster;
  private readonly subscription: Subscription;
  private readonly options: KeeperOptions;
  private readonly refreshed: () => void;
  private readonly fail: (error: unknown) => void;
  private readonly everySoOften: Timer;
  private running = false;
  /** Was asked for again while a request was under way. */
  private again = false;
  /** Refreshes in a row after which something was still missing. */
  private misses = 0;

  constructor(
    cluster: Cluster,
    subscription: Subscription,
    options: KeeperOptions & { readonly refreshed: () => void; readonly fail: (error: unknown) => void },
  ) {
    this.cluster = cluster;
    this.subscription = subscription;
    this.options = options;
    this.refreshed = options.refreshed;
    this.fail = options.fail;
    const { metadataMaxAgeMs, retryBackoffMs } = cluster.settings;
    const intervalMs = Math.max(1, metadataMaxAgeMs, retryBackoffMs);
    this.everySoOften = cluster.env.timers.every(intervalMs, () => this.refresh());
  }

  /** Asks when a topic is not known. */
  refreshIfMissing(): void {
    if (this.isMissing()) this.refresh();
  }

  /** Asks soon, once for all who want it. */
  refresh(): void {
    if (this.running) this.again = true;
    else void this.run();
  }

  close(): void {
    this.everySoOften.cancel();
  }

  private isMissing(): boolean {
    const { topics } = this.cluster.metadata;
    for (const topic of this.subscription.topicsToKnow) if (!topics.has(topic)) return true;
    return false;
  }

  private async run(): Promise<void> {
    this.running = true;
    try {
      do {
        this.again = false;
        await this.ask();
        this.again ||= this.isMissing();
        this.misses = this.again ? this.misses + 1 : 0;
        if (this.again) await this.pause();
      } while (this.again && !this.cluster.isClosed);
    } finally {
      this.running = false;
    }
  }

  private async ask(): Promise<void> {
    const { cluster, subscription } = this;
    if (cluster.isClosed) return;
    const all = subscription.kind === 'pattern';
    const topics = [...subscription.topicsToKnow];
    cluster.track(all ? 'all' : topics);
    if (!all && topics.length === 0) return;
    try {
      const metadata = await cluster.askMetadata(all ? null : topics, this.options.allowAutoCreateTopics);
      for (const [topic, errorCode] of metadata.topicErrors) {
        if (!subscription.topicsToKnow.has(topic)) continue;
        if (
          errorCode === ErrorCode.TOPIC_AUTHORIZATION_FAILED ||
          errorCode === ErrorCode.INVALID_TOPIC_EXCEPTION
        )
          this.fail(new BrokerError(errorCode, `topic ${topic}`));
      }
      subscription.matchPattern(metadata, this.options.excludeInternalTopics);
      this.refreshed();
    } catch (error) {
      if (cluster.isClosed) return;
      if (!isRetriable(error)) this.fail(error);
      else this.again = true;
    }
  }

  private pause(): Promise<void> {
    const { env, settings } = this.cluster;
    const waitMs = backoffMs(env.random, settings.retryBackoffMs, settings.retryBackoffMaxMs, this.misses);
    return new Promise((resolve) => env.timers.after(waitMs, resolve));
  }
}
