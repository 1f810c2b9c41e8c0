import type { Cluster } from '../cluster/cluster.ts';
import type { ClientMetrics } from './consumer-metrics.ts';
import type { ConsumerSettings } from './consumer-options.ts';
import type { ConsumerTraces } from './consumer-traces.ts';
import type { Subscription } from './subscription.ts';

/** What the parts of a consumer share, and how they tell it that something has happened. */
export interface ConsumerContext {
  readonly cluster: Cluster;
  readonly settings: ConsumerSettings<unknown, unknown>;
  readonly subscription: Subscription;
  readonly metrics: ClientMetrics;
  readonly traces: ConsumerTraces;
  /** Looks soon for what is to be done; after `delayMs` when it is given. */
  drive(delayMs?: number): void;
  /** Something may be there for who waits for records. */
  wake(): void;
  /** Who asks for records next is told of this. */
  fail(error: unknown): void;
  /** What is known of the cluster is outdated. */
  refreshMetadata(): void;
}
