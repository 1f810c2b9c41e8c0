import assert from 'node:assert/strict';
import { Consumer } from '../../../../src/clients/kafka/consumer/consumer.ts';
import type { ConsumerOptions } from '../../../../src/clients/kafka/consumer/consumer-options.ts';
import { isKafkaError } from '../../../../src/clients/kafka/kafka-error.ts';
import { Producer } from '../../../../src/clients/kafka/producer/producer.ts';
import { stringSerde } from '../../../../src/clients/kafka/serde.ts';
import { ClusterSimulation } from '../../../support/kafka/cluster-simulation.ts';

export const TOPIC = 'orders';
const GROUP = 'readers';
export const SERVERS = 'broker-1:9092,broker-2:9092';

type Options = Partial<ConsumerOptions<Buffer, string>>;

/** One member, what it was told and what it has read. */
export interface Member {
  readonly name: string;
  readonly consumer: Consumer<Buffer, string>;
  /** `+` and `-` with partition numbers, as the listener was told; `!` for lost ones. */
  readonly changes: string[];
  /** Settles when its loop has ended. */
  readonly done: Promise<void>;
}

/** Two brokers, a topic of six partitions, a producer of numbers, and members of one group that read them. */
export class ConsumerGroup {
  readonly servers: ClusterSimulation;
  /** How often each value was read. */
  readonly seen = new Map<string, number>();
  readonly members = new Map<string, Member>();
  private readonly options: Options;
  private readonly committed = new Map<number, number>();
  private producer: Producer<string, string> | undefined;
  private watcher: Consumer | undefined;
  private sent = 0;

  constructor(seed: number, options: Options) {
    this.options = options;
    this.servers = new ClusterSimulation(seed, {
      'offsets.topic.replication.factor': '2',
      'offsets.topic.num.partitions': '2',
      'group.initial.rebalance.delay.ms': '0',
    });
  }

  async start(): Promise<void> {
    await this.servers.start(2);
    await this.servers.createTopic(
      TOPIC,
      Array.from({ length: 6 }, (_, index) => (index % 2 === 0 ? [1, 2] : [2, 1])),
    );
    const { env } = this.servers.sim.host('producer');
    this.producer = new Producer<string, string>(env, { bootstrapServers: SERVERS });
    this.watcher = new Consumer(this.servers.sim.host('watcher').env, {
      bootstrapServers: SERVERS,
      groupId: GROUP,
      enableAutoCommit: false,
    });
  }

  /** A member that reads. */
  join(name: string, options: Options = {}): Member {
    const member = this.joinIdle(name, options);
    return this.read(member);
  }

  /** Lets a member read from now on. */
  read(member: Member): Member {
    const reading = { ...member, done: this.readAll(member.consumer) };
    this.members.set(member.name, reading);
    return reading;
  }

  /** A member that asks for records when the story says so. */
  joinIdle(name: string, options: Options = {}): Member {
    const host = this.servers.sim.host(`member-${name}`);
    if (!host.isUp) host.restart();
    const changes: string[] = [];
    const numbers = (partitions: readonly { partition: number }[]): string =>
      partitions
        .map(({ partition }) => partition)
        .sort()
        .join('');
    const consumer = new Consumer<Buffer, string>(host.env, {
      bootstrapServers: SERVERS,
      groupId: GROUP,
      clientId: name,
      valueDeserializer: stringSerde,
      autoOffsetReset: 'earliest',
      autoCommitIntervalMs: 500,
      sessionTimeoutMs: 6000,
      heartbeatIntervalMs: 1000,
      rebalanceListener: {
        onAssigned: (partitions) => void changes.push(`+${numbers(partitions)}`),
        onRevoked: (partitions) => void changes.push(`-${numbers(partitions)}`),
        onLost: (partitions) => void changes.push(`!${numbers(partitions)}`),
      },
      ...this.options,
      ...options,
    });
    consumer.subscribe(TOPIC);
    const member = { name, consumer, changes, done: Promise.resolve() };
    this.members.set(name, member);
    return member;
  }

  /** Ends a member's process. */
  kill(name: string): void {
    this.servers.sim.host(`member-${name}`).kill();
    this.members.delete(name);
  }

  async close(name: string): Promise<void> {
    await this.members.get(name)?.consumer.close();
    await this.members.get(name)?.done;
    this.members.delete(name);
  }

  /** Sends so many more numbers, one after the other, over `durationMs`. */
  async send(count: number, durationMs: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      const value = String(this.sent++);
      await this.producer?.send({ topic: TOPIC, partition: Number(value) % 6, value });
      await this.servers.sim.advance(durationMs / count);
      if (index % 10 === 0) await this.checkCommitted();
    }
  }

  /** Counts what a member has got otherwise than by reading on. */
  note(records: readonly { readonly value: string | null }[]): void {
    for (const { value } of records) this.seen.set(value ?? '', (this.seen.get(value ?? '') ?? 0) + 1);
  }

  /** Waits until everything that was sent has been read. */
  async allRead(withinMs = 40_000): Promise<void> {
    const missing = (): string[] =>
      Array.from({ length: this.sent }, (_, index) => String(index)).filter((value) => !this.seen.has(value));
    const { sim } = this.servers;
    const deadlineMs = sim.nowMs + withinMs;
    while (missing().length > 0) {
      assert.ok(sim.nowMs < deadlineMs, `not read: ${missing().join()}, of ${this.sent}`);
      await sim.advance(100);
    }
    await this.checkCommitted();
  }

  /** Waits until the members' partitions are these, in any order of members. */
  async divided(...counts: number[]): Promise<void> {
    const now = (): number[] =>
      [...this.members.values()].map(({ consumer }) => consumer.assignment().length).sort();
    await this.servers.until(
      `divided as ${counts}, now ${now()}`,
      async () => now().join() === counts.join(),
    );
  }

  async end(): Promise<void> {
    for (const name of [...this.members.keys()]) await this.close(name);
    await this.producer?.close();
    await this.watcher?.close();
    this.servers.end();
  }

  /** Offsets of the group may not go back, nor run ahead of what was read. */
  private async checkCommitted(): Promise<void> {
    const partitions = Array.from({ length: 6 }, (_, partition) => ({ topic: TOPIC, partition }));
    for (const { partition, offset } of (await this.watcher?.committed(partitions)) ?? []) {
      assert.ok(
        offset >= (this.committed.get(partition) ?? 0),
        `offset of ${partition} went back to ${offset}`,
      );
      this.committed.set(partition, offset);
      for (let before = 0; before < offset; before++) {
        assert.ok(
          this.seen.has(String(before * 6 + partition)),
          `${partition} at ${before} committed, not read`,
        );
      }
    }
  }

  private async readAll(consumer: Consumer<Buffer, string>): Promise<void> {
    for (;;) {
      try {
        for await (const record of consumer) this.note([record]);
        return;
      } catch (error) {
        if (isKafkaError(error, 'CLOSED')) return;
        throw error;
      }
    }
  }
}
