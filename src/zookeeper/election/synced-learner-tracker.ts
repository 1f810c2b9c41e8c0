import type { QuorumVerifier } from './quorum-verifier.ts';

/**
 * Who has agreed to something, counted in one configuration or, while a reconfiguration is under way, in the old
 * and the new one, both of which have to agree (SyncedLearnerTracker).
 */
export class SyncedLearnerTracker {
  private readonly counts: readonly { readonly config: QuorumVerifier; readonly ids: Set<number> }[];

  constructor(configs: readonly QuorumVerifier[]) {
    this.counts = configs.map((config) => ({ config, ids: new Set() }));
  }

  /** False when the server votes in none of the configurations. */
  add(id: number): boolean {
    let counted = false;
    for (const { config, ids } of this.counts) {
      if (!config.participants.has(id)) continue;
      ids.add(id);
      counted = true;
    }
    return counted;
  }

  /** Takes an agreement back: the server has gone. */
  remove(id: number): void {
    for (const { ids } of this.counts) ids.delete(id);
  }

  /** Whether the server has agreed. */
  has(id: number): boolean {
    return this.counts.some(({ ids }) => ids.has(id));
  }

  /** Whether the server votes in all of the configurations (`hasSid`). */
  isVoter(id: number): boolean {
    return this.counts.every(({ config }) => config.participants.has(id));
  }

  /** The newest of the configurations. */
  get newestConfig(): QuorumVerifier | undefined {
    return this.counts.at(-1)?.config;
  }

  /** Who has agreed among the voters of the newest configuration, in the order of agreement. */
  get newestAgreed(): readonly number[] {
    return [...(this.counts.at(-1)?.ids ?? [])];
  }

  hasAllQuorums(): boolean {
    return this.counts.every(({ config, ids }) => config.containsQuorum(ids));
  }

  /** For logs: `[1, 2],[1, 2, 4]`. */
  toString(): string {
    return this.counts.map(({ ids }) => `[${[...ids].join(', ')}]`).join(',');
  }
}
