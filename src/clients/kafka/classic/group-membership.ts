import type { Env } from '../../../env/env.ts';
import type { ZooKeeperClient } from '../../zookeeper/zookeeper-client.ts';
import { ZooKeeperError } from '../../zookeeper/zookeeper-error.ts';
import type { BrokerPool } from '../cluster/broker-pool.ts';
import { BrokerRegistry } from './broker-registry.ts';
import { GroupRegistry } from './group-registry.ts';
import type { MessageStream } from './message-stream.ts';
import type { OwnedPartition } from './owned-partition.ts';
import { type FetchSettings, PartitionFetchers } from './partition-fetchers.ts';
import { assignRange } from './range-assignment.ts';
import { streamCounts, threadNames } from './topic-selection.ts';
import type { Subscription } from './znodes.ts';

interface MembershipContext {
  readonly env: Env;
  readonly pool: BrokerPool;
  readonly client: ZooKeeperClient;
  readonly settings: FetchSettings;
}

interface Member {
  readonly group: string;
  readonly consumerId: string;
  readonly subscription: Subscription;
  readonly autoCommit: boolean;
  /** The streams of a topic, in the order of their threads' numbers. */
  readonly streams: (topic: string) => readonly MessageStream[];
  /** Members, brokers or topics are not what they were at the last rebalance. */
  readonly onChange: () => void;
}

interface Share {
  readonly topic: string;
  readonly partition: number;
  readonly thread: string;
  readonly stream: MessageStream;
}

/** A member of a group for the time of one session. */
export class GroupMembership {
  private readonly context: MembershipContext;
  private readonly member: Member;
  private readonly group: GroupRegistry;
  private readonly brokers: BrokerRegistry;
  private readonly fetchers: PartitionFetchers;
  /** By `topic partition thread`. */
  private readonly owned = new Map<string, OwnedPartition>();
  private committing: Promise<void> = Promise.resolve();
  private readonly onChange = (): void => this.member.onChange();

  constructor(context: MembershipContext, member: Member) {
    const { env, pool, client, settings } = context;
    this.context = context;
    this.member = member;
    this.group = new GroupRegistry(client, member.group);
    this.brokers = new BrokerRegistry(client);
    this.fetchers = new PartitionFetchers({ env, pool, registry: this.brokers, settings });
    this.fetchers.start();
  }

  /** False while another session has the name. */
  register(): Promise<boolean> {
    return this.group.register(this.member.consumerId, this.member.subscription);
  }

  /**
   * Computes the member's share, gives up what is not in it any more, then claims what is new in it. False when some of
   * that is still another's, who has not heard of the change yet: nothing is held then.
   */
  async rebalance(): Promise<boolean> {
    const shares = await this.shares();
    await this.giveUp([...this.owned.keys()].filter((key) => !shares.has(key)));
    const fresh: OwnedPartition[] = [];
    for (const [key, share] of shares) {
      if (this.owned.has(key)) continue;
      const { topic, partition, thread, stream } = share;
      if (!(await this.group.claim(topic, partition, thread))) {
        await this.giveUp([...this.owned.keys()]);
        return false;
      }
      const owned: OwnedPartition = {
        topic,
        partition,
        stream,
        fetchOffset: undefined,
        consumedOffset: undefined,
        committedOffset: undefined,
        isRevoked: false,
      };
      this.owned.set(key, owned);
      owned.committedOffset = await this.group.offset(topic, partition);
      owned.fetchOffset = owned.committedOffset;
      fresh.push(owned);
    }
    for (const owned of fresh) this.fetchers.add(owned);
    return true;
  }

  /** Calls run one after another, so that a later offset is not overtaken by an earlier one. */
  commit(): Promise<void> {
    const done = this.committing.then(() => this.commitConsumed([...this.owned.values()]));
    // Whoever asked hears of it; the next one tries by itself.
    this.committing = done.catch(() => undefined);
    return done;
  }

  roomCame(): void {
    this.fetchers.roomCame();
  }

  /** Gives everything up: in good order, or because the session has gone and all it owned with it. */
  async end(hasExpired: boolean): Promise<void> {
    this.fetchers.stop();
    for (const owned of this.owned.values()) owned.isRevoked = true;
    if (hasExpired) return;
    try {
      await this.giveUp([...this.owned.keys()]);
    } catch (error) {
      if (!(error instanceof ZooKeeperError)) throw error;
      this.context.env.log.warn('partitions could not be given up', { error: error.message });
    }
  }

  /** What the members' range assignment gives this one, from nodes that are watched from now on. */
  private async shares(): Promise<ReadonlyMap<string, Share>> {
    const { consumerId } = this.member;
    let members = await this.group.members(this.onChange);
    if (!members.has(consumerId)) {
      // Somebody has deleted it: the session is alive, or the read had failed.
      await this.register();
      members = await this.group.members(this.onChange);
    }
    await this.brokers.brokers(this.onChange);
    const topics = await this.brokers.topics(this.onChange);
    const shares = new Map<string, Share>();
    for (const [topic, streamCount] of streamCounts(this.member.subscription, topics)) {
      const partitions = await this.brokers.partitions(topic, this.onChange);
      const threads = [...members].flatMap(([id, subscription]) =>
        threadNames(id, streamCounts(subscription, topics).get(topic) ?? 0),
      );
      const own = threadNames(consumerId, streamCount);
      for (const [partition, thread] of assignRange(partitions, threads)) {
        const stream = this.member.streams(topic)[own.indexOf(thread)];
        if (stream !== undefined) {
          shares.set(`${topic} ${partition} ${thread}`, { topic, partition, thread, stream });
        }
      }
    }
    return shares;
  }

  private async giveUp(keys: readonly string[]): Promise<void> {
    const given = keys.flatMap((key) => this.owned.get(key) ?? []);
    for (const owned of given) owned.isRevoked = true;
    await this.committing;
    if (this.member.autoCommit) await this.commitConsumed(given);
    for (const key of keys) {
      const owned = this.owned.get(key);
      if (owned !== undefined) await this.group.release(owned.topic, owned.partition);
      this.owned.delete(key);
    }
  }

  private async commitConsumed(partitions: readonly OwnedPartition[]): Promise<void> {
    for (const owned of partitions) {
      const { topic, partition, consumedOffset } = owned;
      if (consumedOffset === undefined || consumedOffset === owned.committedOffset) continue;
      await this.group.commit(topic, partition, consumedOffset);
      owned.committedOffset = consumedOffset;
    }
  }
}
