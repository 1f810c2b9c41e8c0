import type { Env } from '../../env/env.ts';
import type { ConfigStore } from '../zk/config-store.ts';
import type { ZkConnection } from '../zk/zk-connection.ts';
import type { ConfigChange } from '../zk/znodes/config-change.ts';

export interface ConfigListener {
  topicChanged(topic: string, overrides: ReadonlyMap<string, string>): void;
  /** Settings of all brokers (`<default>`) or of this one have changed. */
  brokerChanged(
    dynamicDefault: ReadonlyMap<string, string>,
    dynamicBroker: ReadonlyMap<string, string>,
  ): Promise<void>;
}

const BROKER_DEFAULT = '<default>';
const RETRY_MS = 1000;

/**
 * Follows dynamic configuration in ZooKeeper: reads it all at the start and after a new session, then what the
 * notifications below `/config/changes` name. Changes are handled one after the other.
 */
export class ConfigWatcher {
  private readonly env: Env;
  private readonly configs: ConfigStore;
  private readonly brokerId: number;
  private readonly listener: ConfigListener;
  private tail: Promise<void> = Promise.resolve();
  private lastSequence = -1;
  private stopped = false;

  constructor(env: Env, configs: ConfigStore, brokerId: number, listener: ConfigListener) {
    this.env = env;
    this.configs = configs;
    this.brokerId = brokerId;
    this.listener = listener;
  }

  /** Reads everything once, and follows what changes from then on. */
  async start(zk: ZkConnection): Promise<void> {
    await this.reload();
    zk.listen({ sessionRenewed: () => this.enqueue(() => this.reload()) });
  }

  stop(): void {
    this.stopped = true;
  }

  /** Resolves when all changes heard of so far have been handled. */
  idle(): Promise<void> {
    return this.tail;
  }

  /** Reads the overrides of one topic, for a replica that is about to be made. */
  async loadTopic(topic: string): Promise<void> {
    this.listener.topicChanged(topic, await this.configs.get('topics', topic));
  }

  private async reload(): Promise<void> {
    // The watch is set before the reading, so that nothing falls in between.
    const nodes = await this.configs.changeNodes(() => this.enqueue(() => this.changes()));
    this.lastSequence = nodes.at(-1)?.sequence ?? -1;
    const topics = await this.configs.entities('topics');
    await Promise.all([this.loadBroker(), ...topics.map((topic) => this.loadTopic(topic))]);
  }

  private async changes(): Promise<void> {
    const nodes = await this.configs.changeNodes(() => this.enqueue(() => this.changes()));
    for (const { node, sequence } of nodes) {
      if (sequence <= this.lastSequence) continue;
      const found = await this.configs.change(node);
      if (found !== null) await this.apply(found.change);
      this.lastSequence = sequence;
    }
  }

  private async apply({ type, entity }: ConfigChange): Promise<void> {
    if (type === 'topics') await this.loadTopic(entity);
    else if (type === 'brokers' && (entity === BROKER_DEFAULT || entity === String(this.brokerId))) {
      await this.loadBroker();
    }
  }

  private async loadBroker(): Promise<void> {
    const [forAll, forThis] = await Promise.all([
      this.configs.get('brokers', BROKER_DEFAULT),
      this.configs.get('brokers', String(this.brokerId)),
    ]);
    await this.listener.brokerChanged(forAll, forThis);
  }

  private enqueue(action: () => Promise<void>): void {
    if (this.stopped) return;
    this.tail = this.tail.then(action).catch((error: unknown) => {
      if (this.stopped) return;
      this.env.log.error('cannot read changed configuration; trying again', { error, retryMs: RETRY_MS });
      this.env.timers.after(RETRY_MS, () => this.enqueue(() => this.reload()));
    });
  }
}
