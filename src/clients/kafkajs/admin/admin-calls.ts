import type { Env } from '../../../env/env.ts';
import type { CompatCluster } from '../compat-cluster.ts';
import { hasType } from '../error-kinds.ts';
import { KafkaJSNonRetriableError } from '../errors.ts';
import { Bail, createRetrier, type Retrier } from '../retrier.ts';
import type { Logger, RetryOptions } from '../types/common.ts';

export interface AdminParts {
  readonly env: Env;
  readonly cluster: CompatCluster;
  readonly logger: Logger;
  readonly retry: RetryOptions;
}

/** How the admin client's calls are carried out: tried again when the controller has moved, and for a few errors more. */
export class AdminCalls {
  readonly cluster: CompatCluster;
  readonly logger: Logger;
  readonly retrier: Retrier;

  constructor({ env, cluster, logger, retry }: AdminParts) {
    this.cluster = cluster;
    this.logger = logger;
    this.retrier = createRetrier(env, retry);
  }

  /** `attempt` asks the controller, of which the metadata is fresh. Errors but NOT_CONTROLLER and `passing` are final. */
  atController<T>(what: string, attempt: () => Promise<T>, passing: readonly string[] = []): Promise<T> {
    return this.retrier(async ({ retryCount, retryTime }) => {
      try {
        await this.cluster.refreshMetadata();
        return await attempt();
      } catch (error) {
        if (error instanceof Bail || !hasType(error, 'NOT_CONTROLLER', ...passing)) throw bail(error);
        this.logger.warn(`Could not ${what}`, { error: error.message, retryCount, retryTime });
        throw error;
      }
    });
  }

  /** Numbers of a topic's partitions, ascending. */
  async partitionsOf(topic: string): Promise<number[]> {
    await this.cluster.addTargetTopic(topic);
    await this.cluster.refreshMetadataIfNecessary();
    const partitions = this.cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId);
    return partitions.sort((a, b) => a - b);
  }
}

function bail(error: unknown): Bail {
  return error instanceof Bail ? error : new Bail(error);
}

/** Throws a KafkaJSNonRetriableError unless it is so. */
export function check(isSo: boolean, problem: string): void {
  if (!isSo) throw new KafkaJSNonRetriableError(problem);
}

export function checkGroupAndTopic(groupId: unknown, topic: unknown): void {
  check(Boolean(groupId), `Invalid groupId ${groupId}`);
  check(Boolean(topic), `Invalid topic ${topic}`);
}

/** Checks a list of things that have a topic each, every topic once. */
export function checkTopicEntries(entries: unknown, what: string): void {
  check(Array.isArray(entries), `Invalid ${what} array ${entries}`);
  const topics = (entries as readonly { topic: unknown }[]).map((entry) => entry?.topic);
  check(
    topics.every((topic) => typeof topic === 'string'),
    `Invalid ${what} array, the topic names have to be a valid string`,
  );
  check(
    new Set(topics).size === topics.length,
    `Invalid ${what} array, it cannot have multiple entries for the same topic`,
  );
}
