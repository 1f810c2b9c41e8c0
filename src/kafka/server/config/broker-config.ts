import { resolve } from 'node:path';
import {
  type CheckedValue,
  type ConfigDef,
  type ConfigDefs,
  type ConfigValues,
  checkValue,
  configValues,
  defaultValue,
} from '../../../base/config-keys/config-def.ts';
import { ConfigError } from '../../../base/config-keys/config-error.ts';
import { parsePropertiesFile } from '../../../storage/properties.ts';
import { brokerDefs } from './broker-defs/index.ts';
import { checkBrokerConfig } from './broker-rules.ts';
import {
  baseKey,
  brokerSynonyms,
  dynamicOnlyDefs,
  hasListenerPrefix,
  isDynamic,
  isPerBroker,
  needsListenerPrefix,
} from './dynamic-keys.ts';
import { type Listeners, resolveListeners } from './listeners.ts';
import { topicDefaults } from './topic-config.ts';

export type BrokerValues = ConfigValues<typeof brokerDefs>;

/** Where values come from, each as it was written; the first layer that has a key wins. */
export interface ConfigLayers {
  /** Set for this broker with AlterConfigs. */
  readonly dynamicBroker: ReadonlyMap<string, string>;
  /** Set for all brokers with AlterConfigs. */
  readonly dynamicDefault: ReadonlyMap<string, string>;
  /** From server.properties or options. */
  readonly static: ReadonlyMap<string, string>;
}

/** The configuration of one broker: every key of Kafka under its name in camel case, frozen. */
export type BrokerConfig = BrokerValues & {
  readonly layers: ConfigLayers;
  /** Values of all known keys with the text in which they are reported. */
  readonly checked: ReadonlyMap<string, CheckedValue>;
  /** `log.dirs`, else `log.dir`. */
  readonly logDirectories: readonly string[];
  readonly resolvedListeners: Listeners;
  /** Topic configuration as the broker gives it. */
  readonly topicDefaults: ReadonlyMap<string, CheckedValue>;
};

/** One setting and where it was made, for error texts. */
export interface GivenProperty {
  readonly key: string;
  readonly value: string;
  /** Such as `server.properties, line 12`. */
  readonly where: string;
}

export interface LoadedBrokerConfig {
  readonly config: BrokerConfig;
  /** One line each: unknown keys, and keys without effect here. */
  readonly warnings: readonly string[];
}

const NO_LAYER: ReadonlyMap<string, string> = new Map();

/** The settings in a server.properties file. Throws PropertiesError. */
export function readServerProperties(content: Buffer, file: string): GivenProperty[] {
  return parsePropertiesFile(content, file).map(({ key, value, line }) => ({
    key,
    value,
    where: `${file}, line ${line}`,
  }));
}

/**
 * Makes the configuration of a broker; a later setting of a key replaces an earlier one. Throws ConfigError
 * that names where the value stands and what to do.
 */
export function loadBrokerConfig(given: readonly GivenProperty[]): LoadedBrokerConfig {
  const places = new Map(given.map(({ key, where }) => [key, where]));
  const layer = new Map(given.map(({ key, value }) => [key, value]));
  try {
    const config = buildBrokerConfig({
      static: withIdSynonyms(layer),
      dynamicDefault: NO_LAYER,
      dynamicBroker: NO_LAYER,
    });
    return { config, warnings: warningsOf(config, places) };
  } catch (error) {
    if (error instanceof ConfigError) throw located(error, places);
    throw error;
  }
}

/**
 * The configuration with settings that were made while brokers run. An entry that cannot be one, which only happens when
 * it was written past the brokers, is left out and reported in the warnings. Throws ConfigError when they contradict each
 * other.
 */
export function withDynamicConfig(
  config: BrokerConfig,
  dynamicDefault: ReadonlyMap<string, string>,
  dynamicBroker: ReadonlyMap<string, string>,
): LoadedBrokerConfig {
  const warnings: string[] = [];
  const usable = (layer: ReadonlyMap<string, string>, isDefault: boolean): Map<string, string> =>
    new Map(
      [...layer].filter(([key, value]) => {
        const problem = dynamicProblem(key, value, isDefault);
        if (problem !== undefined) warnings.push(`dynamic configuration is ignored: ${problem}`);
        return problem === undefined;
      }),
    );
  const layers = {
    static: config.layers.static,
    dynamicDefault: usable(dynamicDefault, true),
    dynamicBroker: usable(dynamicBroker, false),
  };
  return { config: buildBrokerConfig(layers), warnings };
}

/** Why a value in ZooKeeper cannot be used (`DynamicBrokerConfig.fromPersistentProps`, 3.9). */
function dynamicProblem(key: string, value: string, isDefault: boolean): string | undefined {
  const definition = definitionOf(key);
  if (definition === undefined) return undefined;
  if (Object.hasOwn(brokerDefs, key) && !isDynamic(key)) return `${key} cannot be changed while brokers run`;
  if (needsListenerPrefix(key))
    return `${key} can be set for single listeners only: listener.name.NAME.${key}`;
  if (isDefault && isPerBroker(key)) return `${key} can be set for single brokers only`;
  if (definition.type === 'PASSWORD') return `${key} is encrypted, which is not supported yet`;
  try {
    checkValue(key, definition, value);
    return undefined;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
}

/** What is known about a key, with or without the prefix of a listener. */
export function definitionOf(key: string): ConfigDef | undefined {
  const defs: ConfigDefs = brokerDefs;
  return defs[key] ?? dynamicOnlyDefs[key] ?? defs[baseKey(key)];
}

/** Builds a configuration from its layers. Throws ConfigError. */
export function buildBrokerConfig(layers: ConfigLayers): BrokerConfig {
  const given = givenValues(layers);
  const checked = new Map<string, CheckedValue>();
  for (const [key, definition] of Object.entries<ConfigDef>(brokerDefs)) {
    const raw = given.get(key);
    checked.set(key, raw === undefined ? defaultValue(key, definition) : checkValue(key, definition, raw));
  }
  const values = configValues(brokerDefs, checked);
  const logDirectories = logDirectoriesOf(values);
  const topics = topicDefaults(checked);
  checkBrokerConfig(values, logDirectories, topics);
  const resolvedListeners = resolveListeners({
    ...values,
    securityInterBrokerProtocolGiven: given.has('security.inter.broker.protocol'),
  });
  return Object.freeze({
    ...values,
    layers,
    checked,
    logDirectories,
    resolvedListeners,
    topicDefaults: topics,
  });
}

/** A dynamic setting puts aside what was said in other units: log.retention.ms also drops minutes and hours. */
function givenValues(layers: ConfigLayers): Map<string, string> {
  const given = new Map(layers.static);
  for (const layer of [layers.dynamicDefault, layers.dynamicBroker]) {
    for (const [key, value] of layer) {
      const synonyms = hasListenerPrefix(key) ? [] : brokerSynonyms(key);
      for (const synonym of synonyms) given.delete(synonym);
      given.set(key, value);
    }
  }
  return given;
}

/** Absolute, as LogManager makes them: the broker tells them to clients. */
function logDirectoriesOf({ logDirs, logDir }: BrokerValues): readonly string[] {
  const directories = (logDirs ?? logDir).split(',').map((directory) => directory.trim());
  return Object.freeze(
    directories.filter((directory) => directory !== '').map((directory) => resolve(directory)),
  );
}

/** `broker.id` and `node.id` are the same setting under two names. */
function withIdSynonyms(layer: ReadonlyMap<string, string>): Map<string, string> {
  const both = new Map(layer);
  const brokerId = layer.get('broker.id');
  const nodeId = layer.get('node.id');
  if (brokerId === undefined && nodeId !== undefined) both.set('broker.id', nodeId);
  if (nodeId === undefined && brokerId !== undefined) both.set('node.id', brokerId);
  return both;
}

/** Says where the value stands and how to put it right. */
function located(error: ConfigError, places: ReadonlyMap<string, string>): ConfigError {
  const { key } = error;
  const where = key === undefined ? undefined : places.get(key);
  if (key === undefined || where === undefined) return error;
  return new ConfigError(`${where}: ${key}: ${error.message}. ${remedy(key)}`, key);
}

function remedy(key: string): string {
  const definition = definitionOf(key);
  if (definition === undefined) return 'Correct or remove it';
  const wanted =
    definition.valid === undefined ? definition.type : `${definition.type} ${definition.valid.text}`;
  const fallback =
    definition.defaultText === null ? 'leave it unset' : `get the default ${definition.defaultText}`;
  return `Give ${wanted}, or remove it to ${fallback}`;
}

/** Prefixes under which plug-ins find their own settings. */
const foreignPrefixes = ['listener.name.', 'rsm.config.', 'rlmm.config.', 'metric.reporter.'];

function warningsOf({ layers }: BrokerConfig, places: ReadonlyMap<string, string>): string[] {
  const warnings: string[] = [];
  for (const [key, value] of layers.static) {
    const where = places.get(key);
    if (where === undefined) continue;
    const definition = definitionOf(key);
    if (definition === undefined) {
      if (foreignPrefixes.some((prefix) => key.startsWith(prefix))) continue;
      warnings.push(`${where}: ${key} is not a configuration key of Kafka 3.9; it is kept but has no effect`);
    } else if (definition.inert && value.trim() !== definition.defaultText) {
      warnings.push(`${where}: ${key} has no effect here`);
    }
  }
  return warnings;
}
