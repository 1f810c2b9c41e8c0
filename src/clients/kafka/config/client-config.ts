import {
  type CheckedValue,
  type ConfigDefs,
  type ConfigValues,
  checkValue,
  configValues,
  defaultValue,
} from '../../../base/config-keys/config-def.ts';
import { ConfigError, invalidValue } from '../../../base/config-keys/config-error.ts';
import type { ClusterOptions } from '../cluster/cluster-options.ts';
import { commonDefs } from './common-defs.ts';
import { securityDefs } from './security-defs.ts';

/** Settings under Apache's names, each as it is written in a file; the last of a name counts. */
export type ClientProperties = ReadonlyMap<string, string> | Readonly<Record<string, string>>;

/** What a configuration gives rise to say. Apache's clients log it, the tools on standard error from `warn` on. */
export interface ConfigNote {
  readonly level: 'info' | 'warn';
  readonly text: string;
}

/** A client's settings: every key of Apache's under its name in camel case. */
export interface ClientConfig<D extends ConfigDefs> {
  readonly values: ConfigValues<D>;
  /** What was set, as it was written; keys that nobody knows included. */
  readonly given: ReadonlyMap<string, string>;
  readonly notes: readonly ConfigNote[];
}

type SharedDefs = typeof commonDefs & typeof securityDefs;
type SharedValues = ConfigValues<SharedDefs>;

/**
 * Types and checks settings as `AbstractConfig` does. Throws ConfigError in Apache's words, and for TLS, SASL and Java
 * classes, which are refused: to go on without them would be something else than was asked for.
 */
export function parseClientConfig<D extends ConfigDefs & SharedDefs>(
  defs: D,
  properties: ClientProperties,
): ClientConfig<D> {
  const given = new Map(properties instanceof Map ? properties : Object.entries(properties));
  const checked = new Map<string, CheckedValue>();
  for (const [key, definition] of Object.entries(defs)) {
    const raw = given.get(key);
    checked.set(key, raw === undefined ? defaultValue(key, definition) : checkValue(key, definition, raw));
  }
  const shared = configValues<SharedDefs>({ ...commonDefs, ...securityDefs }, checked);
  refuseSecurity(shared);
  refuseJavaClasses(checked);
  return {
    values: configValues(defs, checked),
    given,
    notes: [...backoffNotes(shared, given), ...unusedNotes(defs, given)],
  };
}

/** What all clients have in common. Number of times and sizes follow Apache's rules: -1 is never or without end. */
export function clusterOptionsOf(
  values: SharedValues & {
    readonly bootstrapServers: readonly string[];
    readonly clientId: string;
    readonly connectionsMaxIdleMs: number;
  },
  given: ReadonlyMap<string, string>,
): ClusterOptions {
  const { clientId, reconnectBackoffMs } = values;
  return {
    bootstrapServers: bootstrapServersOf(values.bootstrapServers),
    ...(clientId === '' ? {} : { clientId }),
    requestTimeoutMs: Math.max(1, values.requestTimeoutMs),
    connectTimeoutMs: Math.max(1, values.socketConnectionSetupTimeoutMs),
    retryBackoffMs: Math.min(values.retryBackoffMs, values.retryBackoffMaxMs),
    retryBackoffMaxMs: values.retryBackoffMaxMs,
    reconnectBackoffMs,
    // As CommonClientConfigs.postProcessReconnectBackoffConfigs: who sets one alone wants no growth.
    reconnectBackoffMaxMs: isFixedReconnect(given) ? reconnectBackoffMs : values.reconnectBackoffMaxMs,
    metadataMaxAgeMs: values.metadataMaxAgeMs,
    connectionsMaxIdleMs: values.connectionsMaxIdleMs < 0 ? LONGEST_MS : values.connectionsMaxIdleMs,
  };
}

/** The longest that timers can measure; 24 days. */
const LONGEST_MS = 2 ** 31 - 1;

/** `ClientUtils.parseAndValidateAddresses`. */
function bootstrapServersOf(servers: readonly string[]): readonly string[] {
  const urls = servers.filter((server) => server !== '');
  if (urls.length === 0) {
    throw new ConfigError('No resolvable bootstrap urls given in bootstrap.servers', 'bootstrap.servers');
  }
  for (const url of urls) {
    const port = /^.*?\[?[0-9a-zA-Z\-%._:]*\]?:(\d+)$/.exec(url)?.[1];
    if (port === undefined) {
      throw new ConfigError(`Invalid url in bootstrap.servers: ${url}`, 'bootstrap.servers');
    }
    if (Number(port) < 1 || Number(port) > 65_535) {
      throw new ConfigError(`Invalid port in bootstrap.servers: ${url}`, 'bootstrap.servers');
    }
  }
  return urls;
}

function refuseSecurity({ securityProtocol }: SharedValues): void {
  if (securityProtocol.toUpperCase() === 'PLAINTEXT') return;
  throw invalidValue(
    'security.protocol',
    securityProtocol,
    'TLS and SASL are not supported yet: use a PLAINTEXT listener of the brokers',
  );
}

/** Keys that name Java classes of the user's, which cannot be run here. */
const CLASS_LISTS = ['interceptor.classes', 'metric.reporters'];
const HARMLESS_CLASSES: ReadonlySet<string> = new Set(['org.apache.kafka.common.metrics.JmxReporter']);

function refuseJavaClasses(checked: ReadonlyMap<string, CheckedValue>): void {
  for (const key of CLASS_LISTS) {
    const classes = checked.get(key)?.value;
    if (!Array.isArray(classes)) continue;
    const foreign = classes.find((name: string) => !HARMLESS_CLASSES.has(name));
    if (foreign !== undefined) {
      throw invalidValue(
        key,
        foreign,
        `Class ${foreign} could not be found: classes of Java cannot run here`,
      );
    }
  }
}

function isFixedReconnect(given: ReadonlyMap<string, string>): boolean {
  return given.has('reconnect.backoff.ms') && !given.has('reconnect.backoff.max.ms');
}

/** `CommonClientConfigs.warnDisablingExponentialBackoff` and `postProcessReconnectBackoffConfigs`. */
function backoffNotes(values: SharedValues, given: ReadonlyMap<string, string>): ConfigNote[] {
  const pairs = [
    ['retry.backoff', values.retryBackoffMs, values.retryBackoffMaxMs, 'backoff'],
    [
      'socket.connection.setup.timeout',
      values.socketConnectionSetupTimeoutMs,
      values.socketConnectionSetupTimeoutMaxMs,
      'connection setup timeout',
    ],
  ] as const;
  const notes = pairs
    .filter(([, first, longest]) => first > longest)
    .map(([key, first, longest, what]): string => {
      const conflict = `Configuration '${key}.ms' with value '${first}' is greater than configuration '${key}.max.ms' with value '${longest}'.`;
      return `${conflict} A static ${what} with value '${longest}' will be applied.`;
    });
  if (isFixedReconnect(given)) {
    notes.push(
      'Disabling exponential reconnect backoff because reconnect.backoff.ms is set, but reconnect.backoff.max.ms is not.',
    );
  }
  return notes.map((text) => ({ level: 'warn', text }));
}

/** `AbstractConfig.logUnused`, and the keys that mean nothing here. */
function unusedNotes(defs: ConfigDefs, given: ReadonlyMap<string, string>): ConfigNote[] {
  const keys = [...given.keys()];
  const unknown = keys.filter((key) => defs[key] === undefined);
  const inert = keys.filter((key) => defs[key]?.inert === true);
  const notes: ConfigNote[] = [];
  if (unknown.length > 0) {
    const list = unknown.join(', ');
    notes.push({
      level: 'info',
      text: `These configurations '[${list}]' were supplied but are not used yet.`,
    });
  }
  if (inert.length > 0) {
    notes.push({ level: 'info', text: `Known, but without effect here: ${inert.join(', ')}` });
  }
  return notes;
}
