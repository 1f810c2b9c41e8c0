import type { Random } from '../../env/random.ts';
import type { TopicPartition } from './topic-partition.ts';

/**
 * What a log's directory is by its name: `topic-3` is the partition's current log;
 * `topic-3.<32 hex digits>-delete` waits for its removal, `-future` is being copied to another log directory,
 * `-stray` belongs to nobody in the cluster.
 */
export type DirectoryKind = 'current' | 'delete' | 'future' | 'stray';

export interface ParsedDirectoryName {
  readonly topicPartition: TopicPartition;
  readonly kind: DirectoryKind;
}

const MAX_NAME_LENGTH = 255;
const UNIQUE_LENGTH = 32;

/** Undefined for a name that no log's directory has. */
export function parseDirectoryName(name: string): ParsedDirectoryName | undefined {
  const special = /^(\S+-\S+)\.\S+-(delete|future|stray)$/.exec(name);
  const kind = special === null ? 'current' : kindOf(special[2]);
  const plain = special === null ? name : special[1];
  if (kind === 'current' && /-(delete|future|stray)$/.test(name)) return undefined;
  const match = /^(.+)-(\d{1,9})$/.exec(plain ?? '');
  if (match === null) return undefined;
  return { topicPartition: { topic: match[1] ?? '', partition: Number(match[2]) }, kind };
}

function kindOf(suffix: string | undefined): DirectoryKind {
  return suffix === 'delete' || suffix === 'future' ? suffix : 'stray';
}

/** Whether a copy of the log can be made: its directory's name has to tell the whole topic. */
export function canHaveFuture({ topic, partition }: TopicPartition): boolean {
  return `${topic}-${partition}.-future`.length + UNIQUE_LENGTH <= MAX_NAME_LENGTH;
}

/** A directory name for a log that is none of the partition's own now; topics with long names are cut to fit. */
export function asideDirectoryName(
  topicPartition: TopicPartition,
  kind: Exclude<DirectoryKind, 'current'>,
  random: Random,
): string {
  const suffix = `-${topicPartition.partition}.${uniqueId(random)}-${kind}`;
  return topicPartition.topic.slice(0, MAX_NAME_LENGTH - suffix.length) + suffix;
}

function uniqueId(random: Random): string {
  return random.bytes(UNIQUE_LENGTH / 2).toString('hex');
}
