/** Validation of AlterConfigs and IncrementalAlterConfigs, as ConfigAdminManager and LogConfig of 3.9 do it. */

import { type ConfigDef, type ConfigDefs, checkValue } from '../../../base/config-keys/config-def.ts';
import { ConfigError } from '../../../base/config-keys/config-error.ts';
import { ErrorCode } from '../../../wire/kafka/errors.ts';
import { type BrokerConfig, buildBrokerConfig, definitionOf } from './broker-config.ts';
import { brokerDefs } from './broker-defs/index.ts';
import { compactionLagConflict } from './broker-rules.ts';
import { baseKey, isDynamic, isPerBroker, needsListenerPrefix } from './dynamic-keys.ts';
import { checkReconfiguration } from './reconfiguration.ts';
import { checkedTopicConfig } from './topic-config.ts';
import { topicDefs } from './topic-defs.ts';

/** Operations of IncrementalAlterConfigs, as numbered on the wire. */
export const AlterOperation = { set: 0, delete: 1, append: 2, subtract: 3 } as const;

export interface ConfigAlteration {
  readonly name: string;
  readonly operation: number;
  readonly value: string | null;
}

/** The configuration that results, or why there is none. */
export type AlterOutcome =
  | { readonly configs: ReadonlyMap<string, string> }
  | { readonly errorCode: ErrorCode; readonly message: string };

interface Refusal {
  readonly errorCode: ErrorCode;
  readonly message: string;
}

function refusal(errorCode: ErrorCode, message: string): Refusal {
  return { errorCode, message };
}

/**
 * Applies single operations to the overrides of a topic.
 *
 * Departs from ZkAdminManager of 3.9 in one point: appending to an unknown key is INVALID_CONFIG, not
 * UNKNOWN_SERVER_ERROR.
 */
export function alterTopic(
  config: BrokerConfig,
  topic: string,
  current: ReadonlyMap<string, string>,
  alterations: readonly ConfigAlteration[],
): AlterOutcome {
  const malformed = checkAlterations(alterations);
  if (malformed !== undefined) return malformed;
  const applied = applyAlterations(alterations, current, topicDefs);
  return 'errorCode' in applied ? applied : validated(config, topic, applied.configs);
}

/** Replaces all overrides of a topic. */
export function replaceTopicConfigs(
  config: BrokerConfig,
  topic: string,
  given: readonly { readonly name: string; readonly value: string | null }[],
): AlterOutcome {
  const malformed = checkAlterations(given.map((entry) => ({ ...entry, operation: AlterOperation.set })));
  return malformed ?? validated(config, topic, toMap(given));
}

function validated(config: BrokerConfig, topic: string, configs: ReadonlyMap<string, string>): AlterOutcome {
  const resource = `ConfigResource(type=TOPIC, name='${topic}')`;
  return checkTopicConfigs(config, configs, `Invalid config value for resource ${resource}: `) ?? { configs };
}

/**
 * Checks the overrides of a topic, also of one that is being created; undefined when they are fine. `context`
 * goes in front of what is said about a single value.
 */
export function checkTopicConfigs(
  config: BrokerConfig,
  overrides: ReadonlyMap<string, string>,
  context = '',
): Refusal | undefined {
  for (const name of overrides.keys()) {
    if (!Object.hasOwn(topicDefs, name)) {
      return refusal(ErrorCode.INVALID_CONFIG, `Unknown topic config name: ${name}`);
    }
  }
  try {
    const values = checkedTopicConfig(config, overrides);
    return checkTopicRules(config, (name) => values.get(name)?.value, context);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return refusal(ErrorCode.INVALID_CONFIG, `${context}${error.message}`);
  }
}

function checkTopicRules(
  config: BrokerConfig,
  read: (name: string) => unknown,
  context: string,
): Refusal | undefined {
  const [minLag, maxLag] = [Number(read('min.compaction.lag.ms')), Number(read('max.compaction.lag.ms'))];
  if (minLag > maxLag) return refusal(ErrorCode.INVALID_CONFIG, compactionLagConflict(minLag, maxLag));
  if (read('remote.log.delete.on.disable') === true || read('remote.log.copy.disable') === true) {
    return refusal(
      ErrorCode.INVALID_CONFIG,
      "It is invalid to set `remote.log.delete.on.disable` or `remote.log.copy.disable` under Zookeeper's mode.",
    );
  }
  if (read('remote.storage.enable') === true && !config.remoteLogStorageSystemEnable) {
    return refusal(
      ErrorCode.INVALID_CONFIG,
      `${context}Tiered Storage functionality is disabled in the broker. ` +
        'Topic cannot be configured with remote log storage.',
    );
  }
  return undefined;
}

/** Which broker's dynamic configuration is altered. */
export type BrokerScope = 'broker' | 'default';

/** Applies single operations to the dynamic configuration of this broker, or of all brokers. */
export function alterBroker(
  config: BrokerConfig,
  scope: BrokerScope,
  current: ReadonlyMap<string, string>,
  alterations: readonly ConfigAlteration[],
): AlterOutcome {
  const malformed = checkAlterations(alterations);
  if (malformed !== undefined) return malformed;
  const applied = applyAlterations(alterations, current, brokerDefs);
  if ('errorCode' in applied) return applied;
  return checkBrokerConfigs(config, scope, applied.configs) ?? applied;
}

/** Replaces the dynamic configuration of this broker, or of all brokers. */
export function replaceBrokerConfigs(
  config: BrokerConfig,
  scope: BrokerScope,
  given: readonly { readonly name: string; readonly value: string | null }[],
): AlterOutcome {
  const malformed = checkAlterations(given.map((entry) => ({ ...entry, operation: AlterOperation.set })));
  if (malformed !== undefined) return malformed;
  const configs = toMap(given);
  return checkBrokerConfigs(config, scope, configs) ?? { configs };
}

function checkBrokerConfigs(
  config: BrokerConfig,
  scope: BrokerScope,
  configs: ReadonlyMap<string, string>,
): Refusal | undefined {
  const names = [...configs.keys()];
  const fixed = names.filter((name) => Object.hasOwn(brokerDefs, name) && !isDynamic(name));
  if (fixed.length > 0) return misplaced('Cannot update these configs dynamically: Set', fixed);
  const bare = names.filter(needsListenerPrefix);
  if (bare.length > 0) {
    const rule =
      'These security configs can be dynamically updated only per-listener using the listener prefix';
    return misplaced(`${rule}: HashSet`, bare);
  }
  try {
    checkBrokerValues(configs);
    const perBroker = scope === 'default' ? names.filter(isPerBroker) : [];
    if (perBroker.length > 0) {
      const rule = 'Cannot update these configs at default cluster level, broker id must be specified';
      return misplaced(`${rule}: Set`, perBroker);
    }
    const layer = scope === 'broker' ? 'dynamicBroker' : 'dynamicDefault';
    checkReconfiguration(config, buildBrokerConfig({ ...config.layers, [layer]: configs }));
    return undefined;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return refusal(ErrorCode.INVALID_REQUEST, error.message);
  }
}

function misplaced(rule: string, names: readonly string[]): Refusal {
  return refusal(ErrorCode.INVALID_REQUEST, `${rule}(${names.join(', ')})`);
}

function checkBrokerValues(configs: ReadonlyMap<string, string>): void {
  for (const [name, value] of configs) {
    const definition = definitionOf(name);
    if (definition !== undefined) checkValue(baseKey(name), definition, value);
  }
}

function toMap(
  given: readonly { readonly name: string; readonly value: string | null }[],
): Map<string, string> {
  return new Map(given.flatMap(({ name, value }) => (value === null ? [] : [[name, value]])));
}

/** What is wrong with the request itself. */
function checkAlterations(alterations: readonly ConfigAlteration[]): Refusal | undefined {
  const operations: readonly number[] = Object.values(AlterOperation);
  if (new Set(alterations.map(({ name }) => name)).size < alterations.length) {
    return refusal(ErrorCode.INVALID_REQUEST, 'Error due to duplicate config keys');
  }
  const nulls = alterations.filter(
    ({ value, operation }) => value === null && operation !== AlterOperation.delete,
  );
  if (nulls.length > 0) {
    const names = nulls.map(({ name }) => name).join(', ');
    return refusal(ErrorCode.INVALID_REQUEST, `Null value not supported for : ${names}`);
  }
  const unknown = alterations.find(({ operation }) => !operations.includes(operation));
  if (unknown === undefined) return undefined;
  return refusal(ErrorCode.INVALID_REQUEST, `Unknown operations type ${unknown.operation}`);
}

function applyAlterations(
  alterations: readonly ConfigAlteration[],
  current: ReadonlyMap<string, string>,
  defs: ConfigDefs,
): { readonly configs: Map<string, string> } | Refusal {
  const configs = new Map(current);
  for (const { name, operation, value } of alterations) {
    if (operation === AlterOperation.delete) {
      configs.delete(name);
    } else if (operation === AlterOperation.set) {
      configs.set(name, value ?? '');
    } else {
      const definition = Object.hasOwn(defs, name) ? defs[name] : undefined;
      const verb = operation === AlterOperation.append ? 'append' : 'subtract';
      if (definition === undefined) return refusal(ErrorCode.INVALID_CONFIG, `Unknown config name: ${name}`);
      if (definition.type !== 'LIST') {
        const message = `Config value ${verb} is not allowed for config key: ${name}`;
        return refusal(ErrorCode.INVALID_CONFIG, message);
      }
      configs.set(name, changeList(verb, configs.get(name), value ?? '', definition));
    }
  }
  return { configs };
}

/** A list without its own value starts from Kafka's default, not from the broker's. */
function changeList(
  verb: 'append' | 'subtract',
  old: string | undefined,
  change: string,
  definition: ConfigDef,
): string {
  const before = elements(old ?? definition.defaultText ?? '');
  const changed = change.split(',');
  if (verb === 'append') {
    return [...before, ...changed.filter((element) => !before.includes(element))].join(',');
  }
  for (const element of changed) {
    const at = before.indexOf(element);
    if (at >= 0) before.splice(at, 1);
  }
  return before.join(',');
}

function elements(text: string): string[] {
  return text === '' ? [] : text.split(',');
}
