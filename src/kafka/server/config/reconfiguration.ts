import { ConfigError } from '../../../base/config-keys/config-error.ts';
import { refuseUnsupportedGuards } from '../unsupported-guards.ts';
import type { BrokerConfig } from './broker-config.ts';
import { needsListenerPrefix } from './dynamic-keys.ts';
import { listenerSettings } from './listener-settings.ts';

/** Sizes of pools of threads; they may not be changed to less than half or more than double at once. */
const THREAD_KEYS = [
  'num.io.threads',
  'num.network.threads',
  'num.replica.fetchers',
  'num.recovery.threads.per.data.dir',
  'background.threads',
  'log.cleaner.threads',
];
/** Settings of a listener that may be changed while it is there, besides key and trust stores. */
const LISTENER_KEYS = ['max.connections', 'max.connection.creation.rate', 'num.network.threads'];

/**
 * Checks whether a broker that runs may go from one configuration to another (the `validateReconfiguration` of Apache's
 * `DynamicBrokerConfig`, 3.9). Throws ConfigError.
 */
export function checkReconfiguration(before: BrokerConfig, after: BrokerConfig): void {
  for (const key of THREAD_KEYS) checkThreads(key, numberOf(before, key), numberOf(after, key));
  if (after.producerIdExpirationMs < 0) {
    throw new ConfigError('producer.id.expiration.ms cannot be less than 0', 'producer.id.expiration.ms');
  }
  checkListeners(before, after);
  refuseUnsupportedGuards(after);
}

function numberOf({ checked }: BrokerConfig, key: string): number {
  return Number(checked.get(key)?.value);
}

function checkThreads(key: string, before: number, after: number): void {
  if (after === before) return;
  const problem = `Dynamic thread count update validation failed for ${key}=${after}`;
  if (after <= 0) throw new ConfigError(`${problem}, value should be at least 1`, key);
  if (after < Math.trunc(before / 2)) {
    throw new ConfigError(`${problem}, value should be at least half the current value ${before}`, key);
  }
  if (after > before * 2) {
    throw new ConfigError(
      `${problem}, value should not be greater than double the current value ${before}`,
      key,
    );
  }
}

function checkListeners(before: BrokerConfig, after: BrokerConfig): void {
  for (const { listenerName, securityProtocol } of after.resolvedListeners.endpoints) {
    const old = before.resolvedListeners.endpoints.find((endpoint) => endpoint.listenerName === listenerName);
    const [oldSettings, newSettings] = [before, after].map(({ layers }) =>
      listenerSettings(layers, listenerName),
    );
    if (oldSettings === undefined || newSettings === undefined) continue;
    checkListenerValues(after, newSettings);
    if (old === undefined) continue;
    if (old.securityProtocol !== securityProtocol) {
      throw new ConfigError(
        `Security protocol cannot be updated for existing listener ${listenerName}`,
        'listener.security.protocol.map',
      );
    }
    if (areListenersChanged(before, after) && fixedPart(oldSettings) !== fixedPart(newSettings)) {
      throw new ConfigError(
        `Configs cannot be updated dynamically for existing listener ${listenerName}, ` +
          'restart broker or create a new listener for update',
      );
    }
    const threads = (settings: ReadonlyMap<string, string>, config: BrokerConfig) =>
      Number(settings.get('num.network.threads') ?? config.numNetworkThreads);
    checkThreads('num.network.threads', threads(oldSettings, before), threads(newSettings, after));
  }
}

/** Apache looks at the settings of listeners that stay only where the listeners are changed too. */
function areListenersChanged(before: BrokerConfig, after: BrokerConfig): boolean {
  const keys = ['listeners', 'advertised.listeners', 'listener.security.protocol.map', ...LISTENER_KEYS];
  return keys.some((key) => before.checked.get(key)?.text !== after.checked.get(key)?.text);
}

/** Limits that hold for each listener, whether they are set for it or for all. */
function checkListenerValues(config: BrokerConfig, settings: ReadonlyMap<string, string>): void {
  for (const key of ['max.connections', 'max.connection.creation.rate']) {
    const value = Number(settings.get(key) ?? numberOf(config, key));
    if (value <= 0) throw new ConfigError(`Invalid ${key} ${value}`, key);
  }
}

function fixedPart(settings: ReadonlyMap<string, string>): string {
  const fixed = [...settings].filter(([key]) => !LISTENER_KEYS.includes(key) && !needsListenerPrefix(key));
  return JSON.stringify(fixed.sort());
}
