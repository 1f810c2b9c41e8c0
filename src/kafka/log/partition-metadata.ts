import { MalformedError } from '../../base/malformed-error.ts';
import type { Disk } from '../../env/disk.ts';
import { replaceFile } from '../../storage/replace-file.ts';
import { PARTITION_METADATA } from './file-names.ts';
import { LogError } from './log-error.ts';

/** Writes a log's `partition.metadata`: version and topic id, as lines of `key: value`. */
export function writePartitionMetadata(disk: Disk, directory: string, topicId: string): void {
  const text = `version: 0\ntopic_id: ${topicId}`;
  replaceFile(disk, `${directory}/${PARTITION_METADATA}`, Buffer.from(text));
}

/** The topic id in a log's `partition.metadata`; undefined when there is no file. Throws MalformedError. */
export function readPartitionMetadata(disk: Disk, directory: string): string | undefined {
  const path = `${directory}/${PARTITION_METADATA}`;
  if (disk.stat(path) === undefined) return undefined;
  const text = disk.readFile(path).toString('utf8');
  const match = /^version:\s*(\S+)\s*\n\s*topic_id:\s*(\S+)\s*$/.exec(text);
  if (match === null) throw new MalformedError(`${path} does not hold a version and a topic id`);
  if (match[1] !== '0') throw new MalformedError(`${path} has version ${match[1]}; 0 is known`);
  const topicId = match[2] ?? '';
  if (!/^[A-Za-z0-9_-]{22}$/.test(topicId)) throw new MalformedError(`${path} holds topic id ${topicId}`);
  return topicId;
}

/** The topic id of a log, in memory at once and on disk before the first record is. */
export class TopicIdOfLog {
  private readonly disk: Disk;
  private known: string | undefined;
  private isDirty = false;

  constructor(disk: Disk, fromFile: string | undefined) {
    this.disk = disk;
    this.known = fromFile;
  }

  get value(): string | undefined {
    return this.known;
  }

  get dirty(): boolean {
    return this.isDirty;
  }

  /** Throws INCONSISTENT_TOPIC_ID when the log belongs to another topic of the same name. */
  assign(topicId: string): void {
    if (this.known === topicId) return;
    if (this.known !== undefined) {
      throw new LogError(
        'INCONSISTENT_TOPIC_ID',
        `the log belongs to topic id ${this.known}, not ${topicId}: the topic was deleted and made anew meanwhile`,
      );
    }
    this.known = topicId;
    this.isDirty = true;
  }

  flush(directory: string): void {
    if (!this.isDirty || this.known === undefined) return;
    writePartitionMetadata(this.disk, directory, this.known);
    this.isDirty = false;
  }
}
