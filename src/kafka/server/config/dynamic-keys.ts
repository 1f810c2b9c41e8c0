import { type ConfigDef, type ConfigDefs, long, MAX_LONG } from '../../../base/config-keys/config-def.ts';
import { atLeast } from '../../../base/config-keys/validators.ts';
import { brokerDefs } from './broker-defs/index.ts';

/** Broker configurations that exist only while brokers run: the rates of replication throttles. */
export const dynamicOnlyDefs: ConfigDefs = {
  'leader.replication.throttled.rate': long(MAX_LONG, { valid: atLeast(0) }),
  'follower.replication.throttled.rate': long(MAX_LONG, { valid: atLeast(0) }),
  'replica.alter.log.dirs.io.max.bytes.per.second': long(MAX_LONG, { valid: atLeast(0) }),
};

/** The key of `listener.name.NAME.key`; other keys are their own. */
export function baseKey(key: string): string {
  return /^listener\.name\.[^.]*\.(.*)$/.exec(key)?.[1] ?? key;
}

export function hasListenerPrefix(key: string): boolean {
  return baseKey(key) !== key;
}

/** Keys of one setting in several units, the one that wins first. */
const synonymGroups: readonly (readonly string[])[] = [
  ['log.roll.ms', 'log.roll.hours'],
  ['log.roll.jitter.ms', 'log.roll.jitter.hours'],
  ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'],
];

/** Settings of a listener that are also kept per SASL mechanism: `listener.name.NAME.MECHANISM.key`. */
const mechanismKeys = [
  'sasl.jaas.config',
  'sasl.login.callback.handler.class',
  'sasl.login.class',
  'sasl.server.callback.handler.class',
  'connections.max.reauth.ms',
];

/** All keys from which a broker takes the value of `key`, most specific first. */
export function brokerSynonyms(key: string): readonly string[] {
  const group = synonymGroups.find((keys) => keys.includes(key));
  if (group !== undefined) return group;
  // The scheduler's interval is only the default of the other, not its second name.
  if (key === 'log.flush.interval.ms') return [key, 'log.flush.scheduler.interval.ms'];
  if (!hasListenerPrefix(key)) return [key];
  const base = baseKey(key);
  return [key, mechanismKeys.find((mechanismKey) => base.endsWith(mechanismKey)) ?? base];
}

/** Whether a broker can be told a new value of this key while it runs. */
export function isDynamic(key: string): boolean {
  const definition = (brokerDefs as ConfigDefs)[key];
  return definition?.update !== undefined;
}

/** Whether the key can only be set for one broker, not as the default of all. */
export function isPerBroker(key: string): boolean {
  const definition: ConfigDef | undefined = (brokerDefs as ConfigDefs)[baseKey(key)];
  if (hasListenerPrefix(key)) return definition?.update !== 'cluster-wide';
  return definition?.update === 'per-broker';
}

/** Key and trust stores, which are set per listener. */
export function needsListenerPrefix(key: string): boolean {
  return /^ssl\.(key\.password|keystore\.(type|location|password|certificate\.chain|key)|truststore\.(type|location|password|certificates))$/.test(
    key,
  );
}
