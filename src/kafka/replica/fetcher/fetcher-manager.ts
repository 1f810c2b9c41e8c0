import { javaAbs, javaStringHash } from '../../../base/java-string-hash.ts';
import type { Env } from '../../../env/env.ts';
import { type TopicPartition, topicPartitionKey } from '../../log/topic-partition.ts';
import type { LeaderPort } from './leader-port.ts';
import { type FetcherSettings, type FollowedPartition, ReplicaFetcher } from './replica-fetcher.ts';

export interface FetchersOptions extends FetcherSettings {
  /** `num.replica.fetchers`, as it is now: fetchers for each leader. */
  readonly fetchersPerLeader: () => number;
  /** A connection of its own to a broker; where that is, is looked up whenever it has to be made. */
  readonly connect: (leaderId: number, slot: number) => LeaderPort;
}

interface Place {
  readonly leaderId: number;
  readonly fetcher: ReplicaFetcher;
}

/** The fetchers of a broker: which partition is fetched by which of them (Apache's ReplicaFetcherManager). */
export class Fetchers {
  private readonly env: Env;
  private readonly options: FetchersOptions;
  /** By leader and slot. */
  private readonly fetchers = new Map<string, Place>();
  /** By partition. */
  private readonly places = new Map<string, Place>();
  private closed = false;

  constructor(env: Env, options: FetchersOptions) {
    this.env = env;
    this.options = options;
  }

  get size(): number {
    return this.fetchers.size;
  }

  /** Follows a partition's leader from now on, whoever was followed before. */
  follow(leaderId: number, followed: FollowedPartition): void {
    if (this.closed) return;
    const { topicPartition } = followed.partition;
    const key = topicPartitionKey(topicPartition);
    const place = this.placeFor(leaderId, topicPartition);
    const before = this.places.get(key);
    if (before !== undefined && before !== place) before.fetcher.remove(key);
    this.places.set(key, place);
    place.fetcher.add(followed);
  }

  unfollow(key: string): void {
    this.places.get(key)?.fetcher.remove(key);
    this.places.delete(key);
  }

  /** A broker has come (back), or has another address. */
  brokerChanged(brokerId: number): void {
    for (const { leaderId, fetcher } of this.fetchers.values()) if (leaderId === brokerId) fetcher.nudge();
  }

  /** Lets fetchers go that have nothing to do. */
  closeIdle(): void {
    for (const [name, { fetcher }] of this.fetchers) {
      if (fetcher.size > 0) continue;
      fetcher.close();
      this.fetchers.delete(name);
    }
  }

  /** `num.replica.fetchers` has changed: the partitions are spread anew. */
  resize(): void {
    const all = [...this.fetchers.values()].flatMap(({ leaderId, fetcher }) =>
      fetcher.followed().map((followed) => ({ leaderId, followed })),
    );
    for (const { leaderId, followed } of all) this.follow(leaderId, followed);
    this.closeIdle();
  }

  close(): void {
    this.closed = true;
    for (const { fetcher } of this.fetchers.values()) fetcher.close();
    this.fetchers.clear();
    this.places.clear();
  }

  private placeFor(leaderId: number, topicPartition: TopicPartition): Place {
    const slot = slotOf(topicPartition, this.options.fetchersPerLeader());
    const name = `${leaderId}:${slot}`;
    const known = this.fetchers.get(name);
    if (known !== undefined) return known;
    const port = this.options.connect(leaderId, slot);
    const place = { leaderId, fetcher: new ReplicaFetcher(this.env, this.options, leaderId, port) };
    this.fetchers.set(name, place);
    return place;
  }
}

/** As `AbstractFetcherManager.getFetcherId`. */
function slotOf({ topic, partition }: TopicPartition, count: number): number {
  return javaAbs((Math.imul(31, javaStringHash(topic)) + partition) | 0) % count;
}
