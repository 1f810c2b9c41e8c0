import { channel, tracingChannel } from 'node:diagnostics_channel';
import type { TopicPartition } from '../cluster/cluster-metadata.ts';
import { KafkaError } from '../kafka-error.ts';

/** Attributes under the names of OpenTelemetry's semantic conventions for messaging. */
export type ConsumerTraceAttributes = Record<string, string | number>;

/** Records of a partition begin to be handed out. Channel `streamkeeper:kafka:consumer:receive`. */
export interface ReceiveTrace {
  readonly attributes: ConsumerTraceAttributes;
}

/** Partitions come or go. Channel `streamkeeper:kafka:consumer:rebalance`. */
export interface RebalanceTrace {
  readonly attributes: ConsumerTraceAttributes;
  readonly change: 'assigned' | 'revoked' | 'lost';
  readonly partitions: readonly TopicPartition[];
}

/** Offsets are committed. Tracing channel `streamkeeper:kafka:consumer:commit`. */
export interface CommitTrace {
  readonly attributes: ConsumerTraceAttributes;
  readonly offsets: readonly (TopicPartition & { readonly offset: number })[];
  error?: unknown;
}

const receive = channel('streamkeeper:kafka:consumer:receive');
const rebalance = channel('streamkeeper:kafka:consumer:rebalance');
const commit = tracingChannel<unknown, CommitTrace>('streamkeeper:kafka:consumer:commit');
const COMMIT_EVENTS = [commit.start, commit.end, commit.asyncStart, commit.asyncEnd, commit.error];

/** Publishes what a consumer does on `node:diagnostics_channel`; next to nothing is done while nobody listens. */
export class ConsumerTraces {
  private readonly common: ConsumerTraceAttributes;

  constructor(clientId: string, groupId: string | undefined) {
    this.common = {
      'messaging.system': 'kafka',
      'messaging.client.id': clientId,
      ...(groupId === undefined ? {} : { 'messaging.consumer.group.name': groupId }),
    };
  }

  received({ topic, partition }: TopicPartition, offset: number): void {
    if (!receive.hasSubscribers) return;
    const trace: ReceiveTrace = {
      attributes: {
        ...this.common,
        'messaging.operation.name': 'poll',
        'messaging.operation.type': 'receive',
        'messaging.destination.name': topic,
        'messaging.destination.partition.id': `${partition}`,
        'messaging.kafka.offset': offset,
      },
    };
    receive.publish(trace);
  }

  rebalanced(change: RebalanceTrace['change'], partitions: readonly TopicPartition[]): void {
    if (!rebalance.hasSubscribers) return;
    const trace: RebalanceTrace = {
      attributes: { ...this.common, 'messaging.operation.name': 'rebalance' },
      change,
      partitions,
    };
    rebalance.publish(trace);
  }

  committed(offsets: CommitTrace['offsets'], doCommit: () => Promise<void>): Promise<void> {
    if (!COMMIT_EVENTS.some(({ hasSubscribers }) => hasSubscribers)) return doCommit();
    const trace: CommitTrace = {
      attributes: {
        ...this.common,
        'messaging.operation.name': 'commit',
        'messaging.operation.type': 'settle',
      },
      offsets,
    };
    return commit.tracePromise(async () => {
      try {
        await doCommit();
      } catch (error) {
        trace.attributes['error.type'] = error instanceof KafkaError ? error.code : 'Error';
        throw error;
      }
    }, trace);
  }
}
