import { ErrorCode } from '../../wire/kafka/errors.ts';
import type { MetadataCache } from '../metadata/metadata-cache.ts';

export interface NodeEndpoint {
  nodeId: number;
  host: string;
  port: number;
  rack: string | null;
}

/**
 * Tells clients that came to the wrong broker where the leader is, so that they need no new metadata (KIP-951).
 * Collects the addresses that go with one response.
 */
export class LeaderHints {
  private readonly metadata: MetadataCache;
  private readonly listenerName: string;
  private readonly enabled: boolean;
  private readonly nodes = new Map<number, NodeEndpoint>();

  /** `enabled` is false for versions whose responses have no room for it. */
  constructor(metadata: MetadataCache, listenerName: string, enabled: boolean) {
    this.enabled = enabled;
    this.metadata = metadata;
    this.listenerName = listenerName;
  }

  /** The leader to name beside an error; undefined when the error is another or the leader not known. */
  leaderOf(
    error: number,
    topic: string,
    partition: number,
  ): { leaderId: number; leaderEpoch: number } | undefined {
    if (!this.enabled) return undefined;
    if (error !== ErrorCode.NOT_LEADER_OR_FOLLOWER && error !== ErrorCode.FENCED_LEADER_EPOCH)
      return undefined;
    const { image } = this.metadata;
    const state = image.partition(topic, partition);
    if (state === undefined) return undefined;
    const broker = image.broker(state.leader);
    const endpoint = broker?.endpoints.find(({ listenerName }) => listenerName === this.listenerName);
    if (broker !== undefined && endpoint !== undefined) {
      const { host, port } = endpoint;
      this.nodes.set(broker.id, { nodeId: broker.id, host, port, rack: broker.rack });
    }
    return { leaderId: state.leader, leaderEpoch: state.leaderEpoch };
  }

  nodeEndpoints(): NodeEndpoint[] {
    return [...this.nodes.values()];
  }
}
