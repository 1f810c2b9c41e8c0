import { LogError } from '../../../../src/kafka/log/log-error.ts';
import type { UnifiedLog } from '../../../../src/kafka/log/unified-log.ts';
import type { Partition } from '../../../../src/kafka/replica/partition.ts';
import type { ReplicaManager } from '../../../../src/kafka/replica/replica-manager.ts';
import { batchesIn } from '../../../../src/wire/kafka/records/batch.ts';
import type { BrokerLife, ClusterObservation, ReplicaSight, SeenBatch } from './observation.ts';
import type { PartitionNames } from './partition-names.ts';

const READ_BYTES = 2 ** 20;

interface Known {
  leaderEpoch: number;
  isLeader: boolean;
  highWatermark: number;
  /** Where it belongs; a partition that was stopped and came again is another one. */
  readonly partition: Partition;
}

/** Watches the replicas of one life of a broker from within: looks at each after every event. */
export class ReplicaTap {
  private readonly known = new Map<string, Known>();
  private readonly life: BrokerLife;
  private readonly replicas: ReplicaManager;
  private readonly names: PartitionNames;
  private readonly tell: (observation: ClusterObservation) => void;

  constructor(parts: {
    life: BrokerLife;
    replicas: ReplicaManager;
    names: PartitionNames;
    tell: (observation: ClusterObservation) => void;
  }) {
    this.life = parts.life;
    this.replicas = parts.replicas;
    this.names = parts.names;
    this.tell = parts.tell;
  }

  look(): void {
    for (const partition of this.replicas.allPartitions()) {
      const { localLog } = partition;
      // Until the controller has told its role, a log is only what was found on the disk.
      if (localLog === undefined || partition.leaderEpoch < 0) continue;
      this.lookAt(partition, localLog);
    }
  }

  /** Whether there are replicas whose directory has failed. */
  get hasOffline(): boolean {
    return [...this.replicas.allPartitions()].some(({ isOffline }) => isOffline);
  }

  /** What a replica of this broker is at the moment. */
  sightOf(name: string): Pick<ReplicaSight, 'leaderEpoch' | 'isLeader'> | undefined {
    return this.known.get(name);
  }

  private lookAt(partition: Partition, log: UnifiedLog): void {
    const { topic, partition: index } = partition.topicPartition;
    const name = this.names.of(topic, partition.topicId, index);
    const { leaderEpoch, isLeader } = partition;
    const { highWatermark } = log;
    const before = this.known.get(name);
    const isSame = before?.partition === partition;
    if (isSame && before.leaderEpoch === leaderEpoch && before.isLeader === isLeader) {
      if (before.highWatermark === highWatermark) return;
    }
    const from = isSame ? before.highWatermark : log.logStartOffset;
    const isCompacted = log.config.compact;
    const read = (start: number, end: number): SeenBatch[] | undefined =>
      readBatches(log, Math.max(start, log.logStartOffset), end);
    const sight = { ...this.life, partition: name, leaderEpoch, isLeader, isCompacted, read };
    if (!isSame || before.leaderEpoch !== leaderEpoch || before.isLeader !== isLeader) {
      this.tell({ kind: 'role', ...sight, logEnd: log.logEndOffset, highWatermark });
    }
    const batches = read(from, highWatermark);
    if (batches === undefined) {
      this.tell({ kind: 'unreadable', ...this.life, partition: name });
      return;
    }
    if (from !== highWatermark)
      this.tell({ kind: 'high watermark', ...sight, from, to: highWatermark, batches });
    this.known.set(name, { leaderEpoch, isLeader, highWatermark, partition });
  }
}

/** Batches of a log that end between two offsets; undefined when its directory has failed. */
function readBatches(log: UnifiedLog, from: number, to: number): SeenBatch[] | undefined {
  const found: SeenBatch[] = [];
  let startOffset = from;
  try {
    while (startOffset < to) {
      const isolation = 'log-end';
      const { chunks } = log.read({ startOffset, maxBytes: READ_BYTES, isolation, minOneMessage: true });
      const before = startOffset;
      for (const chunk of chunks) {
        for (const batch of batchesIn(chunk)) {
          const { baseOffset, lastOffset } = batch;
          if (lastOffset < startOffset) continue;
          if (lastOffset < to) found.push({ baseOffset, lastOffset, bytes: Buffer.from(batch.bytes()) });
          startOffset = lastOffset + 1;
        }
      }
      if (startOffset === before) break;
    }
  } catch (error) {
    if (error instanceof LogError && error.error === 'KAFKA_STORAGE_ERROR') return undefined;
    throw error;
  }
  return found;
}
