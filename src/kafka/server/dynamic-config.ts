import { ConfigError } from '../../base/config-keys/config-error.ts';
import type { Log } from '../../env/log.ts';
import { type BrokerConfig, withDynamicConfig } from './config/broker-config.ts';
import { refuseUnsupportedGuards } from './unsupported-guards.ts';

/** Does what a change of the broker's configuration asks for. */
export type ConfigReaction = (config: BrokerConfig, before: BrokerConfig) => void | Promise<void>;

/**
 * The broker's configuration as it is now, and who has to know when it changes (`DynamicBrokerConfig`, 3.9). What
 * contradicts itself, or asks for what a broker cannot do, is logged, and what was before holds.
 */
export class DynamicConfig {
  private readonly log: Log;
  private readonly reactions: ConfigReaction[] = [];
  private config: BrokerConfig;

  constructor(config: BrokerConfig, log: Log) {
    this.config = config;
    this.log = log;
  }

  get current(): BrokerConfig {
    return this.config;
  }

  /** Reactions run in the order in which they were added, one after the other. */
  react(reaction: ConfigReaction): void {
    this.reactions.push(reaction);
  }

  /** Takes over what stands in ZooKeeper for all brokers, and for this one. */
  async apply(forAll: ReadonlyMap<string, string>, forThis: ReadonlyMap<string, string>): Promise<void> {
    const before = this.config;
    try {
      const { config, warnings } = withDynamicConfig(before, forAll, forThis);
      refuseUnsupportedGuards(config);
      for (const warning of warnings) this.log.warn(warning);
      this.config = config;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.log.error('dynamic configuration cannot be used; what was before holds', {
        reason: error.message,
      });
      return;
    }
    for (const reaction of this.reactions) await reaction(this.config, before);
  }
}
