import { ConfigError } from '../../base/config-keys/config-error.ts';
import type { Log } from '../../env/log.ts';
import type { LogConfig } from '../log/log-config.ts';
import type { TopicSettings } from '../replica/topic-settings.ts';
import type { BrokerConfig } from './config/broker-config.ts';
import { logConfig, type TopicConfig, topicConfig } from './config/topic-config.ts';

interface Resolved {
  readonly log: LogConfig;
  readonly settings: TopicSettings;
}

const NO_OVERRIDES: ReadonlyMap<string, string> = new Map();

/** The resolved configuration of every topic that has overrides, and the defaults for all others. */
export class TopicConfigs {
  private readonly log: Log;
  private broker: BrokerConfig;
  private defaults: Resolved;
  private readonly overrides = new Map<string, ReadonlyMap<string, string>>();
  private readonly resolved = new Map<string, Resolved>();

  constructor(broker: BrokerConfig, log: Log) {
    this.log = log;
    this.broker = broker;
    this.defaults = resolve(topicConfig(broker, NO_OVERRIDES));
  }

  /** Topics with overrides. */
  topics(): IterableIterator<string> {
    return this.overrides.keys();
  }

  /** The overrides of a topic have changed. What cannot be used is logged, and the defaults hold. */
  set(topic: string, overrides: ReadonlyMap<string, string>): void {
    if (overrides.size === 0) {
      this.overrides.delete(topic);
      this.resolved.delete(topic);
      return;
    }
    this.overrides.set(topic, overrides);
    try {
      this.resolved.set(topic, resolve(topicConfig(this.broker, overrides)));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.resolved.delete(topic);
      this.log.error('the configuration of a topic cannot be used; the defaults hold until it is mended', {
        topic,
        reason: error.message,
      });
    }
  }

  /** The broker's own configuration, and with it the defaults of all topics, has changed. */
  setBroker(broker: BrokerConfig): void {
    this.broker = broker;
    this.defaults = resolve(topicConfig(broker, NO_OVERRIDES));
    for (const [topic, overrides] of [...this.overrides]) this.set(topic, overrides);
  }

  logConfigOf(topic: string): LogConfig {
    return (this.resolved.get(topic) ?? this.defaults).log;
  }

  settingsOf(topic: string): TopicSettings {
    return (this.resolved.get(topic) ?? this.defaults).settings;
  }
}

function resolve(config: TopicConfig): Resolved {
  return {
    log: logConfig(config),
    settings: {
      compressionType: codecOf(config.compressionType),
      compressionLevel: levelOf(config),
      timestampType: config.messageTimestampType === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime',
      timestampBeforeMaxMs: config.messageTimestampBeforeMaxMs,
      timestampAfterMaxMs: config.messageTimestampAfterMaxMs,
      minInsyncReplicas: config.minInsyncReplicas,
      downConversionEnable: config.messageDownconversionEnable,
    },
  };
}

/** LZ4 has one level here: the library that packs it knows no other. */
function levelOf(config: TopicConfig): number | undefined {
  if (config.compressionType === 'gzip') return config.compressionGzipLevel;
  return config.compressionType === 'zstd' ? config.compressionZstdLevel : undefined;
}

/** `uncompressed` is the name of no codec for topics. */
function codecOf(name: string): TopicSettings['compressionType'] {
  switch (name) {
    case 'gzip':
    case 'snappy':
    case 'lz4':
    case 'zstd':
    case 'producer':
      return name;
    default:
      return 'none';
  }
}
