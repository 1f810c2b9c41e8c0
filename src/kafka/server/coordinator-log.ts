import { ErrorCode } from '../../wire/kafka/errors.ts';
import type { AppendResult, CoordinatorLog, LoadedChunk } from '../coordinator/ports.ts';
import { LogError } from '../log/log-error.ts';
import { isRefused } from '../replica/partition.ts';
import type { ReplicaManager } from '../replica/replica-manager.ts';

/** An internal topic's replicas on this broker, in the shape that its coordinator asks for. */
export class ReplicaCoordinatorLog implements CoordinatorLog {
  private readonly topic: string;
  private readonly replicas: ReplicaManager;
  private readonly maxBytes: () => number;

  constructor(topic: string, replicas: ReplicaManager, maxBytes: () => number) {
    this.topic = topic;
    this.replicas = replicas;
    this.maxBytes = maxBytes;
  }

  append(partition: number, batch: Buffer): AppendResult {
    const topicPartition = { topic: this.topic, partition };
    const { error, baseOffset, nextOffset } = this.replicas.appendHere(topicPartition, batch);
    return error === ErrorCode.NONE ? { baseOffset, nextOffset } : { error };
  }

  async read(
    partition: number,
    fromOffset: number | undefined,
    maxBytes: number,
  ): Promise<LoadedChunk | { readonly error: number }> {
    const replica = this.replicas.lookup({ topic: this.topic, partition });
    if (isRefused(replica)) return replica;
    const log = replica.logFor(-1, true);
    if (isRefused(log)) return log;
    try {
      const startOffset = fromOffset ?? log.logStartOffset;
      const options = { startOffset, maxBytes, isolation: 'log-end', minOneMessage: true } as const;
      const { chunks } = await replica.read(log, options);
      return {
        records: Buffer.concat(chunks),
        logStartOffset: log.logStartOffset,
        logEndOffset: log.logEndOffset,
        highWatermark: log.highWatermark,
      };
    } catch (error) {
      if (error instanceof LogError) return { error: ErrorCode[error.error] };
      throw error;
    }
  }

  maxBatchBytes(): number {
    return this.maxBytes();
  }
}
