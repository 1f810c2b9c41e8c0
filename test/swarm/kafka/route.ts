import type { TopicPartition } from '../../../src/kafka/log/topic-partition.ts';
import type { Draft, Infer, Message } from '../../../src/wire/kafka/schema/index.ts';

export interface Leader {
  readonly broker: number;
  /** -1 when not known. */
  readonly leaderEpoch: number;
}

/** A client's way to the brokers. */
export interface Route {
  pause(ms: number): Promise<void>;
  /** A broker to ask for what any of them knows. */
  anyBroker(): number;
  /** The broker that leads a partition, as far as can be found out; undefined when nobody says. */
  leaderOf(target: TopicPartition): Promise<Leader | undefined>;
  /** A leader was none, or did not answer: find out anew. */
  forget(target: TopicPartition): void;
  /** Undefined when no answer came: whether the request was done nobody knows. */
  call<Q extends Message, R extends Message>(
    broker: number,
    messages: { request: Q; response: R },
    version: number,
    request: Draft<Q>,
  ): Promise<Infer<R> | undefined>;
}
