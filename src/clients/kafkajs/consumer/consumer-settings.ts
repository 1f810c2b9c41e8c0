import type { Env } from '../../../env/env.ts';
import type { CompatCluster } from '../compat-cluster.ts';
import type { Instrumentation } from '../instrumentation.ts';
import type { Logger, RetryOptions } from '../types/common.ts';
import type { Assigner, ConsumerEvents, EachBatchHandler, EachMessageHandler } from '../types/consumer.ts';
import type { OffsetTable } from './offset-tracker.ts';

/** What all parts of one consumer know. */
export interface ConsumerSettings {
  readonly env: Env;
  readonly cluster: CompatCluster;
  readonly logger: Logger;
  readonly instrumentation: Instrumentation<ConsumerEvents>;
  readonly retry: RetryOptions;
  readonly groupId: string;
  readonly assigners: readonly Assigner[];
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly maxBytesPerPartition: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly maxWaitMs: number;
  readonly isolationLevel: number;
  readonly rackId: string;
  /** Whether a topic begins at its beginning for a group that has committed nothing. */
  readonly fromBeginning: ReadonlyMap<string, boolean>;
  readonly committed: OffsetTable;
}

/** What `run` was called with. */
export interface RunSettings {
  readonly autoCommit: boolean;
  readonly autoCommitInterval: number | null;
  readonly autoCommitThreshold: number | null;
  readonly eachBatchAutoResolve: boolean;
  readonly concurrency: number;
  readonly eachBatch: EachBatchHandler | null;
  readonly eachMessage: EachMessageHandler | null;
}
