import type { Draft, Infer, Message } from '../../../wire/kafka/schema/index.ts';

/** The way to the broker that leads, over a connection of its own that is opened when it is needed and missing. */
export interface LeaderPort {
  /**
   * Asks in this very version. Rejects, in a turn of its own, when no answer comes; the request may have been carried
   * out all the same.
   */
  request<Q extends Message, R extends Message>(
    messages: { readonly request: Q; readonly response: R },
    version: number,
    body: Draft<Q>,
  ): Promise<Infer<R>>;
  /** For good; what is under way rejects. */
  close(): void;
}

/** The versions and rules that `inter.broker.protocol.version` stands for (Apache's MetadataVersion). */
export interface ReplicationProtocol {
  readonly fetchVersion: number;
  readonly listOffsetsVersion: number;
  readonly offsetForLeaderEpochVersion: number;
  /** Leaders tell in their answers where a follower's log parts from theirs (KIP-595, from 2.7). */
  readonly truncatesOnFetch: boolean;
  /** Leaders can be asked where an epoch ends (KIP-101, from 0.11); otherwise followers truncate to their high watermark. */
  readonly knowsLeaderEpochs: boolean;
}
