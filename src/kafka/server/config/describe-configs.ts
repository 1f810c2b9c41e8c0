/** The data of DescribeConfigs, as ConfigHelper of 3.9 puts it together. */

import type { ConfigDef, ConfigDefs, ConfigType } from '../../../base/config-keys/config-def.ts';
import type { DescribeConfigsResponse } from '../../../wire/kafka/messages/32-describe-configs.ts';
import type { Draft } from '../../../wire/kafka/schema/index.ts';
import { type BrokerConfig, definitionOf } from './broker-config.ts';
import { brokerDefs } from './broker-defs/index.ts';
import { brokerSynonyms, isDynamic } from './dynamic-keys.ts';
import { checkedTopicConfig } from './topic-config.ts';
import { topicDefs } from './topic-defs.ts';

/** Where a value comes from, as numbered on the wire. */
export const ConfigSource = {
  unknown: 0,
  topic: 1,
  dynamicBroker: 2,
  dynamicDefaultBroker: 3,
  staticBroker: 4,
  default: 5,
  dynamicBrokerLogger: 6,
  clientMetrics: 7,
} as const;

const typeNumbers: Readonly<Record<ConfigType, number>> = {
  BOOLEAN: 1,
  STRING: 2,
  INT: 3,
  SHORT: 4,
  LONG: 5,
  DOUBLE: 6,
  LIST: 7,
  CLASS: 8,
  PASSWORD: 9,
};
const UNKNOWN_TYPE = 0;

export type ConfigEntry = Draft<typeof DescribeConfigsResponse>['results'][number]['configs'][number];
type ConfigSynonym = NonNullable<ConfigEntry['synonyms']>[number];

/** What a client asked for. */
export interface DescribeOptions {
  /** Null or empty for all keys. */
  readonly keys: readonly string[] | null;
  readonly includeSynonyms: boolean;
  readonly includeDocumentation: boolean;
}

/** All configuration of a topic with these overrides, by name. Throws ConfigError for an invalid override. */
export function describeTopic(
  config: BrokerConfig,
  overrides: ReadonlyMap<string, string>,
  options: DescribeOptions,
): ConfigEntry[] {
  const values = checkedTopicConfig(config, overrides);
  const names = [...new Set([...values.keys(), ...overrides.keys()])];
  return wanted(names, options).map((name) => {
    const definition = Object.hasOwn(topicDefs, name) ? (topicDefs as ConfigDefs)[name] : undefined;
    const text = values.get(name)?.text ?? null;
    const value = isSensitive(definition) ? null : text;
    const synonyms = topicSynonyms(config, name, definition);
    if (overrides.has(name)) synonyms.unshift({ name, value, source: ConfigSource.topic });
    return entry({ name, value, definition, synonyms, readOnly: false }, options);
  });
}

function topicSynonyms(
  config: BrokerConfig,
  name: string,
  definition: ConfigDef | undefined,
): ConfigSynonym[] {
  const first = (topicDefs as ConfigDefs)[name]?.synonyms?.[0]?.name;
  return first === undefined ? [] : synonymsOf(config, first, isSensitive(definition));
}

/** All configuration of this broker, by name. */
export function describeBroker(config: BrokerConfig, options: DescribeOptions): ConfigEntry[] {
  const { layers, checked } = config;
  const names = new Set([
    ...layers.static.keys(),
    ...layers.dynamicDefault.keys(),
    ...layers.dynamicBroker.keys(),
  ]);
  for (const [name, definition] of Object.entries<ConfigDef>(brokerDefs)) {
    if (!definition.internal) names.add(name);
  }
  return wanted([...names], options).map((name) => {
    const definition = definitionOf(name);
    const given =
      layers.dynamicBroker.get(name) ?? layers.dynamicDefault.get(name) ?? layers.static.get(name);
    const text = checked.has(name) ? checked.get(name)?.text : given;
    const synonyms = synonymsOf(config, name, isSensitive(definition));
    const value = isSensitive(definition) ? null : (text ?? null);
    return entry({ name, value, definition, synonyms, readOnly: !isDynamic(name) }, options);
  });
}

/** The values that AlterConfigs gave to all brokers at once, by name. */
export function describeBrokerDefaults(config: BrokerConfig, options: DescribeOptions): ConfigEntry[] {
  const { dynamicDefault } = config.layers;
  return wanted([...dynamicDefault.keys()], options).map((name) => {
    const definition = definitionOf(name);
    const sensitive = isSensitive(definition);
    const synonyms = synonymsOf(config, name, sensitive).filter(
      ({ source }) => source === ConfigSource.dynamicDefaultBroker,
    );
    const value = sensitive ? null : (dynamicDefault.get(name) ?? null);
    return entry({ name, value, definition, synonyms, readOnly: !isDynamic(name) }, options);
  });
}

function wanted(names: readonly string[], { keys }: DescribeOptions): string[] {
  const asked = keys === null || keys.length === 0 ? names : names.filter((name) => keys.includes(name));
  return asked.toSorted();
}

/** What is not known might be secret. */
function isSensitive(definition: ConfigDef | undefined): boolean {
  return definition === undefined || definition.type === 'PASSWORD';
}

interface EntryParts {
  readonly name: string;
  readonly value: string | null;
  readonly definition: ConfigDef | undefined;
  readonly synonyms: readonly ConfigSynonym[];
  readonly readOnly: boolean;
}

function entry(
  { name, value, definition, synonyms, readOnly }: EntryParts,
  options: DescribeOptions,
): ConfigEntry {
  return {
    name,
    value,
    readOnly,
    configSource: synonyms[0]?.source ?? ConfigSource.default,
    isSensitive: isSensitive(definition),
    synonyms: options.includeSynonyms ? synonyms : [],
    configType: definition === undefined ? UNKNOWN_TYPE : typeNumbers[definition.type],
    documentation: options.includeDocumentation ? (definition?.doc ?? null) : null,
  };
}

/** Every place that says something about a broker's key, the one that counts first. */
function synonymsOf(config: BrokerConfig, name: string, sensitive: boolean): ConfigSynonym[] {
  const { dynamicBroker, dynamicDefault, static: given } = config.layers;
  const found: ConfigSynonym[] = [];
  const collect = (source: number, read: (key: string) => string | null | undefined): void => {
    for (const key of brokerSynonyms(name)) {
      const value = read(key);
      if (value !== undefined && value !== null) {
        found.push({ name: key, value: sensitive ? null : value, source });
      }
    }
  };
  collect(ConfigSource.dynamicBroker, (key) => dynamicBroker.get(key));
  collect(ConfigSource.dynamicDefaultBroker, (key) => dynamicDefault.get(key));
  collect(ConfigSource.staticBroker, (key) => given.get(key));
  collect(ConfigSource.default, (key) => (brokerDefs as ConfigDefs)[key]?.defaultText);
  // Apache lists from the key itself on: a value of log.retention.hours alone does not show up for retention.ms.
  const start = found.findIndex((synonym) => synonym.name === name);
  return start < 0 ? [] : found.slice(start);
}
