import type { Env } from '../../../src/env/env.ts';
import type { Timer } from '../../../src/env/timers.ts';
import type { TopicPartition } from '../../../src/kafka/log/topic-partition.ts';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import type { Draft, Infer, Message } from '../../../src/wire/kafka/schema/index.ts';
import { Metadata } from '../../support/kafka/pairs.ts';
import { ConnectionLostError, RawKafkaClient } from '../../support/kafka/raw-kafka-client.ts';
import type { Leader, Route } from './route.ts';

const REQUEST_TIMEOUT_MS = 6000;
const RECONNECT_AFTER_MS = 100;

interface Address {
  readonly host: string;
  readonly port: number;
}

/** A way to a broker that connects again when it has to, and gives up on an answer after a while. */
class BrokerConnection {
  private readonly env: Env;
  private readonly address: Address;
  private client: RawKafkaClient | undefined;

  constructor(env: Env, address: Address) {
    this.env = env;
    this.address = address;
  }

  async call<Q extends Message, R extends Message>(
    messages: { request: Q; response: R },
    version: number,
    request: Draft<Q>,
  ): Promise<Infer<R> | undefined> {
    let timer: Timer | undefined;
    try {
      this.client ??= await RawKafkaClient.connect(this.env.net, { ...this.address, timeoutMs: 3000 });
      const { client } = this;
      timer = this.env.timers.after(REQUEST_TIMEOUT_MS, () => client.destroy());
      return await client.call(messages, version, request);
    } catch (error) {
      if (!isLoss(error)) throw error;
      this.client?.destroy();
      this.client = undefined;
      await pause(this.env, RECONNECT_AFTER_MS);
      return undefined;
    } finally {
      timer?.cancel();
    }
  }
}

/** A client of a few brokers whose addresses it knows; who leads what it asks them. */
export class ClusterRoute implements Route {
  private readonly env: Env;
  private readonly connections: readonly BrokerConnection[];
  private readonly leaders = new Map<string, Leader>();

  /** Broker ids are the positions of the addresses. */
  constructor(env: Env, addresses: readonly Address[]) {
    this.env = env;
    this.connections = addresses.map((address) => new BrokerConnection(env, address));
  }

  pause(ms: number): Promise<void> {
    return pause(this.env, ms);
  }

  anyBroker(): number {
    return this.connections.length === 1 ? 0 : this.env.random.below(this.connections.length);
  }

  async leaderOf({ topic, partition }: TopicPartition): Promise<Leader | undefined> {
    if (this.connections.length === 1) return { broker: 0, leaderEpoch: -1 };
    const key = `${topic}-${partition}`;
    const known = this.leaders.get(key);
    if (known !== undefined) return known;
    const found = await this.call(this.anyBroker(), Metadata, 9, { topics: [{ name: topic }] });
    for (const { partitionIndex, leaderId, leaderEpoch, errorCode } of found?.topics[0]?.partitions ?? []) {
      if (errorCode === ErrorCode.NONE && leaderId >= 0) {
        this.leaders.set(`${topic}-${partitionIndex}`, { broker: leaderId, leaderEpoch });
      }
    }
    return this.leaders.get(key);
  }

  forget({ topic, partition }: TopicPartition): void {
    this.leaders.delete(`${topic}-${partition}`);
  }

  async call<Q extends Message, R extends Message>(
    broker: number,
    messages: { request: Q; response: R },
    version: number,
    request: Draft<Q>,
  ): Promise<Infer<R> | undefined> {
    return this.connections[broker]?.call(messages, version, request);
  }
}

function pause(env: Env, ms: number): Promise<void> {
  return new Promise((resolve) => {
    env.timers.after(ms, resolve);
  });
}

function isLoss(error: unknown): boolean {
  if (error instanceof ConnectionLostError) return true;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ECONNREFUSED' || code === 'ETIMEDOUT' || code === 'ECONNRESET';
}
