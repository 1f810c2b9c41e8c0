import { partitionKey } from '../../clients/kafka/admin/item-results.ts';
import { type ReplicaMove, replicaKey } from '../../clients/kafka/admin/log-dirs.ts';
import type { TopicPartition } from '../../clients/kafka/cluster/cluster-metadata.ts';
import { JavaError } from '../java-error.ts';
import { asArray, asObject, field, integerField, parseJson, textField } from '../json.ts';

const COMMAND_FAILED = 'org.apache.kafka.server.common.AdminCommandFailedException';
const OPERATION_FAILED = 'org.apache.kafka.server.common.AdminOperationException';
const ANY_LOG_DIR = 'any';

/** A partition, and the brokers that shall have it. */
export interface TargetPartition extends TopicPartition {
  readonly replicas: readonly number[];
}

/** What a `--reassignment-json-file` asks for. */
export interface ReassignmentFile {
  readonly partitions: readonly TargetPartition[];
  /** By {@link replicaKey}: replicas for which a log directory is named. */
  readonly moves: ReadonlyMap<string, ReplicaMove>;
}

export function commandFailed(message: string, cause?: JavaError): JavaError {
  return new JavaError(COMMAND_FAILED, message, cause === undefined ? {} : { cause });
}

export function operationFailed(message: string): JavaError {
  return new JavaError(OPERATION_FAILED, message);
}

/** Throws {@link JavaError} for another version than 1. */
function checkVersion(file: Readonly<Record<string, unknown>>): void {
  const version = Object.hasOwn(file, 'version') ? integerField(file, 'version') : 1;
  if (version !== 1) throw operationFailed(`Not supported version field value ${version}`);
}

/** Throws {@link JavaError}. Partitions may still be named twice. */
export function parseReassignment(text: string): ReassignmentFile {
  const json = parseJson(text);
  if (json === undefined) throw operationFailed('The input string is not a valid JSON');
  const file = asObject(json);
  checkVersion(file);
  const partitions: TargetPartition[] = [];
  const moves = new Map<string, ReplicaMove>();
  for (const entry of Object.hasOwn(file, 'partitions') ? asArray(file['partitions']) : []) {
    const fields = asObject(entry);
    const partition = { topic: textField(fields, 'topic'), partition: integerField(fields, 'partition') };
    const replicas = integers(field(fields, 'replicas'));
    const logDirs = Object.hasOwn(fields, 'log_dirs')
      ? texts(fields['log_dirs'])
      : replicas.map(() => ANY_LOG_DIR);
    if (replicas.length !== logDirs.length) {
      throw commandFailed(
        `Size of replicas list [${replicas.join(', ')}] is different from size of log dirs list [${logDirs.join(', ')}] for partition ${partitionKey(partition)}`,
      );
    }
    partitions.push({ ...partition, replicas });
    for (const [index, brokerId] of replicas.entries()) {
      const path = logDirs[index] ?? ANY_LOG_DIR;
      const replica = { ...partition, brokerId };
      if (path !== ANY_LOG_DIR) moves.set(replicaKey(replica), { ...replica, path });
    }
  }
  return { partitions, moves };
}

const integers = (value: unknown): number[] => asArray(value).map((item) => integerField({ item }, 'item'));
const texts = (value: unknown): string[] => asArray(value).map((item) => textField({ item }, 'item'));

/** As {@link parseReassignment}, of a file that is to be executed: nothing empty, nothing twice. */
export function parseExecutable(text: string): ReassignmentFile {
  const file = parseReassignment(text);
  const { partitions } = file;
  if (partitions.length === 0) throw commandFailed('Partition reassignment list cannot be empty');
  if (partitions.some(({ replicas }) => replicas.length === 0)) {
    throw commandFailed('Partition replica list cannot be empty');
  }
  const twice = duplicates(partitions.map(partitionKey));
  if (twice.length > 0) {
    throw commandFailed(`Partition reassignment contains duplicate topic partitions: ${twice.join(',')}`);
  }
  const replicasTwice = partitions.flatMap((partition) => {
    const ids = duplicates(partition.replicas);
    const key = partitionKey(partition);
    return ids.length === 0 ? [] : [`${key} contains multiple entries for ${ids.join(',')}`];
  });
  if (replicasTwice.length > 0) {
    throw commandFailed(
      `Partition replica lists may not contain duplicate entries: ${replicasTwice.join('. ')}`,
    );
  }
  return file;
}

/** `--topics-to-move-json-file`. */
export function parseTopics(text: string): string[] {
  const json = parseJson(text);
  if (json === undefined) throw operationFailed('The input string is not a valid JSON');
  const file = asObject(json);
  checkVersion(file);
  const topics = Object.hasOwn(file, 'topics') ? asArray(file['topics']) : [];
  return topics.map((entry) => textField(asObject(entry), 'topic'));
}

/** An assignment as `--reassignment-json-file` reads it. */
export function reassignmentJson(partitions: readonly TargetPartition[]): string {
  const entries = partitions.toSorted(byPartition).map(({ topic, partition, replicas }) => ({
    topic,
    partition,
    replicas,
    log_dirs: replicas.map(() => ANY_LOG_DIR),
  }));
  return JSON.stringify({ version: 1, partitions: entries });
}

export function byPartition(a: TopicPartition, b: TopicPartition): number {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1;
  return a.partition - b.partition;
}

/** What is there more than once. */
export function duplicates<T>(items: readonly T[]): T[] {
  return [...new Set(items.filter((item, index) => items.indexOf(item) !== index))];
}
