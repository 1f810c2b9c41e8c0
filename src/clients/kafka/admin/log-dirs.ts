import { ErrorCode } from '../../../wire/kafka/errors.ts';
import {
  AlterReplicaLogDirsRequest,
  AlterReplicaLogDirsResponse,
} from '../../../wire/kafka/messages/34-alter-replica-log-dirs.ts';
import {
  DescribeLogDirsRequest,
  DescribeLogDirsResponse,
} from '../../../wire/kafka/messages/35-describe-log-dirs.ts';
import type { Infer } from '../../../wire/kafka/schema/index.ts';
import type { Target } from '../cluster/cluster.ts';
import type { TopicPartition } from '../cluster/cluster-metadata.ts';
import { BrokerError, type KafkaError, throwIfError } from '../kafka-error.ts';
import { type AdminCall, byTopic, keyed, outcomeOf } from './admin-call.ts';
import { type ItemResults, partitionKey } from './item-results.ts';

/** One broker's copy of a partition. */
export interface Replica extends TopicPartition {
  readonly brokerId: number;
}

export interface ReplicaMove extends Replica {
  /** The log directory of that broker, as its `log.dirs` has it. */
  readonly path: string;
}

export interface LogDirReplica extends TopicPartition {
  readonly sizeBytes: number;
  /** Records behind: a future replica behind the current one, any other behind the high watermark. */
  readonly offsetLag: number;
  /** Whether it is being copied here from another directory of the broker. */
  readonly isFuture: boolean;
}

export interface LogDirDescription {
  readonly path: string;
  /** Why the directory cannot be used; its replicas are not told then. */
  readonly error: KafkaError | undefined;
  /** Of the volume; undefined from brokers before 3.3. */
  readonly totalBytes: number | undefined;
  readonly usableBytes: number | undefined;
  readonly replicas: readonly LogDirReplica[];
}

/** Where a replica is; undefined where the broker does not have it. */
export interface ReplicaLogDirs extends Replica {
  readonly current: ReplicaLogDir | undefined;
  /** Where it is being moved to. */
  readonly future: ReplicaLogDir | undefined;
}

export interface ReplicaLogDir {
  readonly path: string;
  readonly offsetLag: number;
}

/** A replica as results are keyed by: `topic-partition-broker`. */
export function replicaKey(replica: Replica): string {
  return `${partitionKey(replica)}-${replica.brokerId}`;
}

const DESCRIBE = { request: DescribeLogDirsRequest, response: DescribeLogDirsResponse };

/** @internal */
export function describeLogDirs(
  call: AdminCall,
  brokerIds: readonly number[],
): ItemResults<number, readonly LogDirDescription[]> {
  return call.toBrokers(
    keyed(brokerIds, (id) => id),
    (id) => id,
    async (target, open) => {
      const response = await call.request(target, DESCRIBE, { topics: null });
      throwIfError(response.errorCode, `log directories of broker ${target}`);
      return new Map([...open.keys()].map((id) => [id, response.results.map(logDir)]));
    },
  );
}

function logDir(answer: Infer<typeof DescribeLogDirsResponse>['results'][number]): LogDirDescription {
  const { errorCode, logDir: path, totalBytes, usableBytes, topics } = answer;
  return {
    path,
    error: errorCode === ErrorCode.NONE ? undefined : new BrokerError(errorCode, `log directory ${path}`),
    totalBytes: totalBytes < 0 ? undefined : totalBytes,
    usableBytes: usableBytes < 0 ? undefined : usableBytes,
    replicas: topics.flatMap(({ name: topic, partitions }) =>
      partitions.map(({ partitionIndex: partition, partitionSize, offsetLag, isFutureKey }) => ({
        topic,
        partition,
        sizeBytes: partitionSize,
        offsetLag,
        isFuture: isFutureKey,
      })),
    ),
  };
}

/** @internal */
export function describeReplicaLogDirs(
  call: AdminCall,
  replicas: readonly Replica[],
): ItemResults<string, ReplicaLogDirs> {
  return call.toBrokers(
    keyed(replicas, replicaKey),
    ({ brokerId }): Target => brokerId,
    async (target, open) => {
      const topics = byTopic(open.values()).map(([topic, group]) => ({
        topic,
        partitions: group.map(({ partition }) => partition),
      }));
      const response = await call.request(target, DESCRIBE, { topics });
      throwIfError(response.errorCode, `log directories of broker ${target}`);
      const found = response.results.map(logDir);
      return new Map([...open].map(([key, replica]) => [key, whereIs(replica, found)]));
    },
  );
}

function whereIs(
  { topic, partition, brokerId }: Replica,
  dirs: readonly LogDirDescription[],
): ReplicaLogDirs {
  const find = (isFuture: boolean): ReplicaLogDir | undefined => {
    for (const { path, replicas } of dirs) {
      const replica = replicas.find(
        (entry) => entry.topic === topic && entry.partition === partition && entry.isFuture === isFuture,
      );
      if (replica !== undefined) return { path, offsetLag: replica.offsetLag };
    }
    return undefined;
  };
  return { topic, partition, brokerId, current: find(false), future: find(true) };
}

/** @internal */
export function alterReplicaLogDirs(
  call: AdminCall,
  moves: readonly ReplicaMove[],
): ItemResults<string, undefined> {
  return call.toBrokers(
    keyed(moves, replicaKey),
    ({ brokerId }): Target => brokerId,
    async (target, open) => {
      const dirs = new Map<string, ReplicaMove[]>();
      for (const move of open.values()) dirs.set(move.path, [...(dirs.get(move.path) ?? []), move]);
      const { results } = await call.request(
        target,
        { request: AlterReplicaLogDirsRequest, response: AlterReplicaLogDirsResponse },
        {
          dirs: [...dirs].map(([path, group]) => ({
            path,
            topics: byTopic(group).map(([name, partitions]) => ({
              name,
              partitions: partitions.map(({ partition }) => partition),
            })),
          })),
        },
      );
      const brokerId = Number(target);
      return new Map(
        results.flatMap(({ topicName: topic, partitions }) =>
          partitions.map(({ partitionIndex: partition, errorCode }) => {
            const key = replicaKey({ topic, partition, brokerId });
            return [key, outcomeOf(errorCode, `replica ${key}`, null, () => undefined)] as const;
          }),
        ),
      );
    },
  );
}
