import { invalidValue } from '../../../base/config-keys/config-error.ts';
import type { Validator } from '../../../base/config-keys/validators.ts';
import { isProtocolVersion, protocolVersions } from './protocol-version.ts';

/** -1 for the size of another pool. */
export const poolSizeOrInherited: Validator = {
  text: '[1,...] or -1 for remote.log.manager.thread.pool.size',
  check(key, { value }) {
    if (value !== -1 && Number(value) < 1) throw invalidValue(key, value, 'Value must be at least 1');
  },
};

/** Replicas that are throttled: `partition:broker` pairs, or `*` for all. */
export const throttledReplicas: Validator = {
  text: '[partitionId]:[brokerId],[partitionId]:[brokerId],...',
  check(key, { value }) {
    const pairs = Array.isArray(value) ? value.map((pair: string) => pair.trim()) : [];
    if (pairs.every((pair) => /^([0-9]+:[0-9]+)?$/.test(pair)) || pairs.join('') === '*') return;
    const format = '[partitionId]:[brokerId],[partitionId]:[brokerId],...';
    const given = `[${pairs.join(', ')}]`;
    throw invalidValue(
      key,
      given,
      `${key} must be the literal '*' or a list of replicas in the following format: ${format}`,
    );
  },
};

export const protocolVersion: Validator = {
  text: `[${protocolVersions.join(', ')}]`,
  check(key, { value }) {
    if (!isProtocolVersion(String(value))) {
      throw invalidValue(key, value, `Version ${String(value)} is not a valid version`);
    }
  },
};
