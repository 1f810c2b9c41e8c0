import { ReplicationQuota, type ThrottledPartitions } from '../quota/replication-quota.ts';
import type { BrokerConfig } from './config/broker-config.ts';

const NONE: ReadonlySet<number> = new Set();

/** The throttles of this broker's replication, kept as dynamic configuration says. */
export class ReplicationThrottles {
  /** What followers elsewhere get from this broker. */
  readonly leader: ReplicationQuota;
  /** What this broker fetches. */
  readonly follower: ReplicationQuota;
  /** What is moved between log directories. */
  readonly alterLogDirs: ReplicationQuota;

  constructor(config: BrokerConfig) {
    const windows = {
      samples: config.replicationQuotaWindowNum,
      windowMs: config.replicationQuotaWindowSizeSeconds * 1000,
    };
    this.leader = new ReplicationQuota(windows);
    this.follower = new ReplicationQuota(windows);
    this.alterLogDirs = new ReplicationQuota({
      samples: config.alterLogDirsReplicationQuotaWindowNum,
      windowMs: config.alterLogDirsReplicationQuotaWindowSizeSeconds * 1000,
    });
  }

  /** Takes over the rates that the broker has now. */
  setRates({ layers }: BrokerConfig): void {
    const rate = (key: string): number => {
      const given = layers.dynamicBroker.get(key) ?? layers.dynamicDefault.get(key);
      return given === undefined ? Number.POSITIVE_INFINITY : Number(given);
    };
    this.leader.setRate(rate('leader.replication.throttled.rate'));
    this.follower.setRate(rate('follower.replication.throttled.rate'));
    this.alterLogDirs.setRate(rate('replica.alter.log.dirs.io.max.bytes.per.second'));
  }

  /** Takes over which replicas of a topic are throttled, from the topic's overrides. */
  setTopic(topic: string, overrides: ReadonlyMap<string, string>, brokerId: number): void {
    const partitions = (key: string) => throttledPartitions(overrides.get(key) ?? '', brokerId);
    this.leader.setThrottled(topic, partitions('leader.replication.throttled.replicas'));
    this.follower.setThrottled(topic, partitions('follower.replication.throttled.replicas'));
  }
}

/** Reads `partition:broker` pairs, or `*` for all. What is neither, which was checked before, throttles nothing. */
function throttledPartitions(text: string, brokerId: number): ThrottledPartitions {
  const trimmed = text.trim();
  if (trimmed === '*') return 'all';
  if (trimmed === '') return NONE;
  const pairs = trimmed.split(',').map((pair) => /^\s*(\d+):(\d+)\s*$/.exec(pair));
  return new Set(
    pairs.flatMap((pair) => (pair !== null && Number(pair[2]) === brokerId ? [Number(pair[1])] : [])),
  );
}
