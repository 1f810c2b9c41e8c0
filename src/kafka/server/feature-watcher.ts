import type { Env } from '../../env/env.ts';
import { type FinalizedFeatures, noFeatures } from '../api/finalized-features.ts';
import type { ZkStores } from '../zk/stores.ts';
import type { ZkConnection } from '../zk/zk-connection.ts';

const RETRY_MS = 1000;

/** Follows the finalized features of the cluster in ZooKeeper (KIP-584), as ApiVersions tells of them. */
export class FeatureWatcher {
  private readonly env: Env;
  private readonly store: ZkStores['election'];
  private known = noFeatures;
  private tail: Promise<void> = Promise.resolve();
  /** Watches that are out belong to this reading; those of an earlier session or reading do nothing. */
  private reading = 0;
  private stopped = false;

  constructor(env: Env, store: ZkStores['election']) {
    this.env = env;
    this.store = store;
  }

  /** As they are now. */
  get features(): FinalizedFeatures {
    return this.known;
  }

  async start(zk: ZkConnection): Promise<void> {
    zk.listen({ sessionRenewed: () => this.enqueue() });
    await this.read();
  }

  stop(): void {
    this.stopped = true;
  }

  private async read(): Promise<void> {
    const reading = ++this.reading;
    const found = await this.store.features(() => {
      if (reading === this.reading) this.enqueue();
    });
    if (found === null || !found.node.enabled) this.known = noFeatures;
    else this.known = { epoch: found.epoch, levels: found.node.features };
  }

  private enqueue(): void {
    if (this.stopped) return;
    this.tail = this.tail
      .then(() => this.read())
      .catch((error: unknown) => {
        if (this.stopped) return;
        this.env.log.error('cannot read the features of the cluster; trying again', {
          error,
          retryMs: RETRY_MS,
        });
        this.env.timers.after(RETRY_MS, () => this.enqueue());
      });
  }
}
