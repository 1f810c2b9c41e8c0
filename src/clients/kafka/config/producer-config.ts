import type { ConfigValues } from '../../../base/config-keys/config-def.ts';
import { ConfigError } from '../../../base/config-keys/config-error.ts';
import {
  type ClientConfig,
  type ClientProperties,
  type ConfigNote,
  parseClientConfig,
} from './client-config.ts';
import { producerDefs } from './producer-defs.ts';

type ProducerDefs = typeof producerDefs;

export type ProducerConfig = ClientConfig<ProducerDefs> & {
  /** `enable.idempotence`, unless other settings turn it off that were made without it. */
  readonly idempotent: boolean;
};

/** The settings of a producer, with the rules of Apache's `ProducerConfig`. Throws ConfigError. */
export function parseProducerConfig(properties: ClientProperties): ProducerConfig {
  const config = parseClientConfig(producerDefs, properties);
  const { values, given } = config;
  const conflict = values.enableIdempotence ? idempotenceConflict(values) : undefined;
  if (conflict !== undefined && given.has('enable.idempotence')) throw new ConfigError(conflict.error);
  const idempotent = values.enableIdempotence && conflict === undefined;
  if (!idempotent && given.has('transactional.id')) {
    throw new ConfigError('Cannot set a transactional.id without also enabling idempotence.');
  }
  const notes = conflict === undefined ? config.notes : [...config.notes, conflict.note];
  return { ...config, notes, idempotent };
}

/** What keeps a producer from being idempotent, and how that is said when nobody asked for idempotence. */
function idempotenceConflict(
  values: ConfigValues<ProducerDefs>,
): { error: string; note: ConfigNote } | undefined {
  const { retries, acks, maxInFlightRequestsPerConnection: inFlight } = values;
  if (retries === 0) {
    return {
      error: 'Must set retries to non-zero when using the idempotent producer.',
      note: { level: 'info', text: 'Idempotence will be disabled because retries is set to 0.' },
    };
  }
  if (acks !== 'all' && acks !== '-1') {
    return {
      error:
        'Must set acks to all in order to use the idempotent producer. Otherwise we cannot guarantee idempotence.',
      note: {
        level: 'info',
        text: `Idempotence will be disabled because acks is set to ${acks}, not set to 'all'.`,
      },
    };
  }
  if (inFlight > 5) {
    return {
      error: 'Must set max.in.flight.requests.per.connection to at most 5 to use the idempotent producer.',
      note: {
        level: 'warn',
        text: `Idempotence will be disabled because max.in.flight.requests.per.connection is set to ${inFlight}, which is greater than 5. Please note that in v4.0.0 and onward, this will become an error.`,
      },
    };
  }
  return undefined;
}
