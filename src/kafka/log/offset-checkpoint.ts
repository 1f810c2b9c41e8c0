import type { Disk } from '../../env/disk.ts';
import type { Log } from '../../env/log.ts';
import {
  CheckpointError,
  CheckpointFile,
  type CheckpointFormat,
  parseCount,
} from '../../storage/checkpoint-file.ts';
import { type TopicPartition, topicPartitionKey } from './topic-partition.ts';

export interface PartitionOffset {
  readonly topicPartition: TopicPartition;
  readonly offset: number;
}

const FORMAT: CheckpointFormat<PartitionOffset> = {
  version: 0,
  format: ({ topicPartition: { topic, partition }, offset }) => `${topic} ${partition} ${offset}`,
  parse: (line) => {
    const [topic, partitionText, offsetText, ...rest] = line.split(/\s+/);
    const partition = parseCount(partitionText);
    const offset = parseCount(offsetText);
    if (topic === undefined || partition === undefined || offset === undefined || rest.length > 0) {
      return undefined;
    }
    return { topicPartition: { topic, partition }, offset };
  },
};

/**
 * An offset for each partition of a log directory, in its own file there:
 * `recovery-point-offset-checkpoint` (durable up to here), `log-start-offset-checkpoint` (for logs that start
 * inside a segment), `replication-offset-checkpoint` (the high watermark) and `cleaner-offset-checkpoint` (the log
 * cleaner has been through everything below).
 */
export class OffsetCheckpoint {
  private readonly file: CheckpointFile<PartitionOffset>;

  constructor(disk: Disk, logDir: string, name: string) {
    this.file = new CheckpointFile(disk, `${logDir}/${name}`, FORMAT);
  }

  /** By `topic-partition`. A file that cannot be read counts as empty: recovery then begins earlier. */
  read(log: Log): Map<string, number> {
    const offsets = new Map<string, number>();
    try {
      for (const { topicPartition, offset } of this.file.read() ?? []) {
        offsets.set(topicPartitionKey(topicPartition), offset);
      }
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      log.warn(`Ignoring a damaged checkpoint: ${error.message}`);
      return new Map();
    }
    return offsets;
  }

  write(offsets: readonly PartitionOffset[]): Promise<void> {
    return this.file.write(offsets);
  }

  writeNow(offsets: readonly PartitionOffset[]): void {
    this.file.writeNow(offsets);
  }
}
