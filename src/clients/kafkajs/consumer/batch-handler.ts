import { KafkaJSError } from '../errors.ts';
import type { BatchFacts, EachBatchPayload } from '../types/consumer.ts';
import type { ConsumerSettings, RunSettings } from './consumer-settings.ts';
import type { FetchedBatch } from './fetched-batch.ts';
import type { GroupConsumer } from './group-consumer.ts';

/** Gives batches to the user's handlers, and resolves and commits around them. */
export class BatchHandler {
  private readonly settings: ConsumerSettings;
  private readonly run: RunSettings;
  private readonly group: GroupConsumer;
  private readonly isRunning: () => boolean;
  private readonly heartbeat: () => Promise<void>;

  constructor(
    settings: ConsumerSettings,
    run: RunSettings,
    group: GroupConsumer,
    calls: { readonly isRunning: () => boolean; readonly heartbeat: () => Promise<void> },
  ) {
    this.settings = settings;
    this.run = run;
    this.group = group;
    this.isRunning = calls.isRunning;
    this.heartbeat = calls.heartbeat;
  }

  async handle(batch: FetchedBatch): Promise<void> {
    if (!this.isRunning()) return;
    if (batch.isEmpty() && !batch.isEmptyDueToFiltering()) {
      await this.heartbeat();
      return;
    }
    const { instrumentation, env } = this.settings;
    const startMs = env.clock.nowMs();
    const facts = factsOf(batch);
    instrumentation.emit(instrumentation.events.START_BATCH_PROCESS, facts);
    if (batch.isEmpty()) {
      // Nothing of it is for the user, and yet the group has to get past it.
      this.group.resolveOffset(batch.topic, batch.partition, Number(batch.lastOffset()));
      if (this.run.autoCommit) await this.group.commitOffsetsIfNecessary();
    } else if (this.run.eachMessage !== null) await this.eachMessage(batch);
    else if (this.run.eachBatch !== null) await this.eachBatch(batch);
    const duration = env.clock.nowMs() - startMs;
    instrumentation.emit(instrumentation.events.END_BATCH_PROCESS, { ...facts, duration });
    if (!batch.isEmpty()) await this.autoCommit();
    await this.heartbeat();
  }

  private async eachMessage(batch: FetchedBatch): Promise<void> {
    const { topic, partition } = batch;
    const { group, heartbeat } = this;
    const pause = this.pauseOf(batch);
    for (const message of batch.messages) {
      if (!this.isRunning() || group.hasSeek(topic, partition)) return;
      try {
        await this.run.eachMessage?.({ topic, partition, message, heartbeat, pause });
      } catch (error) {
        this.tellOf(error, 'eachMessage', { topic, partition, offset: message.offset });
        await this.autoCommit();
        throw error;
      }
      const isLast = message === batch.messages.at(-1);
      group.resolveOffset(topic, partition, isLast ? Number(batch.lastOffset()) : Number(message.offset));
      await heartbeat();
      if (this.run.autoCommit) await group.commitOffsetsIfNecessary();
      if (group.subscriptions.isPaused(topic, partition)) return;
    }
  }

  private async eachBatch(batch: FetchedBatch): Promise<void> {
    const { topic, partition } = batch;
    try {
      await this.run.eachBatch?.(this.payloadOf(batch));
    } catch (error) {
      this.tellOf(error, 'eachBatch', { topic, partition, offset: batch.firstOffset() });
      await this.autoCommit();
      throw error;
    }
    if (this.run.eachBatchAutoResolve) this.group.resolveOffset(topic, partition, Number(batch.lastOffset()));
  }

  private payloadOf(batch: FetchedBatch): EachBatchPayload {
    const { topic, partition } = batch;
    const { group } = this;
    const lastSeen = batch.messages.at(-1)?.offset;
    return {
      batch,
      // Behind the last message there may be records that users do not see, such as a transaction's end.
      resolveOffset: (offset) => {
        group.resolveOffset(
          topic,
          partition,
          Number(String(offset) === lastSeen ? batch.lastOffset() : offset),
        );
      },
      heartbeat: this.heartbeat,
      pause: this.pauseOf(batch),
      commitOffsetsIfNecessary: (offsets) =>
        offsets === undefined ? group.commitOffsetsIfNecessary() : group.commitOffsets(offsets),
      uncommittedOffsets: () => group.uncommittedOffsets(),
      isRunning: this.isRunning,
      isStale: () => group.hasSeek(topic, partition),
    };
  }

  private pauseOf({ topic, partition }: FetchedBatch): () => () => void {
    const which = [{ topic, partitions: [partition] }];
    return () => {
      this.group.subscriptions.pause(which);
      return () => this.group.subscriptions.resume(which);
    };
  }

  private autoCommit(): Promise<void> {
    return this.run.autoCommit ? this.group.commitOffsets() : Promise.resolve();
  }

  private tellOf(error: unknown, handler: string, where: object): void {
    if (error instanceof KafkaJSError) return;
    const stack = error instanceof Error ? error.stack : undefined;
    this.settings.logger
      .namespace('Runner')
      .error(`Error when calling ${handler}`, { ...where, stack, error });
  }
}

function factsOf(batch: FetchedBatch): BatchFacts {
  return {
    topic: batch.topic,
    partition: batch.partition,
    highWatermark: batch.highWatermark,
    offsetLag: batch.offsetLag(),
    offsetLagLow: batch.offsetLagLow(),
    batchSize: batch.messages.length,
    firstOffset: batch.firstOffset() as string,
    lastOffset: batch.lastOffset(),
  };
}
