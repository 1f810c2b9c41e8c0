import {
  type CheckedValue,
  type ConfigDef,
  type ConfigDefs,
  type ConfigValues,
  checkValue,
  configValues,
  defaultValue,
  MAX_LONG,
} from '../../../base/config-keys/config-def.ts';
import type { LogConfig } from '../../log/log-config.ts';
import type { BrokerConfig } from './broker-config.ts';
import { highestMagic, isProtocolAtLeast, resolveProtocolVersion } from './protocol-version.ts';
import { topicDefs } from './topic-defs.ts';

/** The configuration of one topic, every key of Kafka under its name in camel case. */
export type TopicConfig = ConfigValues<typeof topicDefs>;

const defs: ConfigDefs = topicDefs;

/** What topics get from the broker's own values; keys without a broker's counterpart have Kafka's default. */
export function topicDefaults(broker: ReadonlyMap<string, CheckedValue>): Map<string, CheckedValue> {
  const defaults = new Map<string, CheckedValue>();
  for (const [name, definition] of Object.entries(defs)) {
    defaults.set(name, fromBroker(name, definition, broker));
  }
  adjustTimestampLimits(defaults);
  const ibp = String(broker.get('inter.broker.protocol.version')?.text);
  const format = String(broker.get('log.message.format.version')?.text);
  const version = isProtocolAtLeast(ibp, '3.0-IV1') ? '3.0-IV1' : String(resolveProtocolVersion(format));
  defaults.set('message.format.version', { value: version, text: version });
  return defaults;
}

function fromBroker(
  name: string,
  definition: ConfigDef,
  broker: ReadonlyMap<string, CheckedValue>,
): CheckedValue {
  for (const synonym of definition.synonyms ?? []) {
    const given = broker.get(synonym.name);
    if (given === undefined || given.value === null) continue;
    const checked = inMilliseconds(given, synonym.unitMs);
    // Any negative retention means none, whatever its unit.
    if (name === 'retention.ms' && Number(checked.value) < 0) return { value: -1, text: '-1' };
    return checked;
  }
  return defaultValue(name, definition);
}

function inMilliseconds(given: CheckedValue, unitMs: number | undefined): CheckedValue {
  if (unitMs === undefined) return given;
  const value = Number(given.value) * unitMs;
  return { value, text: String(value) };
}

/** The old limit counts as long as the new ones are at their default (KIP-937). */
function adjustTimestampLimits(values: Map<string, CheckedValue>): void {
  const difference = values.get('message.timestamp.difference.max.ms');
  for (const name of ['message.timestamp.before.max.ms', 'message.timestamp.after.max.ms']) {
    if (difference !== undefined && values.get(name)?.text === MAX_LONG) values.set(name, difference);
  }
}

/** Values of all topic keys: overrides over the broker's defaults. Throws ConfigError for a bad override. */
export function checkedTopicConfig(
  broker: Pick<BrokerConfig, 'topicDefaults'>,
  overrides: ReadonlyMap<string, string>,
): Map<string, CheckedValue> {
  const values = new Map(broker.topicDefaults);
  for (const [name, raw] of overrides) {
    const definition = Object.hasOwn(defs, name) ? defs[name] : undefined;
    if (definition !== undefined) values.set(name, checkValue(name, definition, raw));
  }
  return values;
}

/**
 * The configuration of a topic with these overrides; unknown overrides are passed over. Throws ConfigError for
 * an override that is invalid, which only happens when it was written past the brokers.
 */
export function topicConfig(
  broker: Pick<BrokerConfig, 'topicDefaults' | 'interBrokerProtocolVersion'>,
  overrides: ReadonlyMap<string, string>,
): TopicConfig {
  const values = checkedTopicConfig(broker, overrides);
  adjustTimestampLimits(values);
  const brokerFormat = broker.topicDefaults.get('message.format.version');
  if (brokerFormat !== undefined && isProtocolAtLeast(broker.interBrokerProtocolVersion, '3.0-IV1')) {
    values.set('message.format.version', brokerFormat);
  }
  return configValues(topicDefs, values);
}

/** What a log needs to know of its topic's configuration. */
export function logConfig(topic: TopicConfig): LogConfig {
  return {
    segmentBytes: topic.segmentBytes,
    segmentMs: topic.segmentMs,
    segmentJitterMs: topic.segmentJitterMs,
    segmentIndexBytes: topic.segmentIndexBytes,
    indexIntervalBytes: topic.indexIntervalBytes,
    flushMessages: topic.flushMessages,
    flushMs: topic.flushMs,
    retentionBytes: topic.retentionBytes,
    retentionMs: topic.retentionMs,
    fileDeleteDelayMs: topic.fileDeleteDelayMs,
    maxMessageBytes: topic.maxMessageBytes,
    compact: topic.cleanupPolicy.includes('compact'),
    delete: topic.cleanupPolicy.includes('delete'),
    minCompactionLagMs: topic.minCompactionLagMs,
    maxCompactionLagMs: topic.maxCompactionLagMs,
    deleteRetentionMs: topic.deleteRetentionMs,
    minCleanableDirtyRatio: topic.minCleanableDirtyRatio,
    messageFormatMagic: highestMagic(topic.messageFormatVersion),
    preallocate: topic.preallocate,
  };
}
