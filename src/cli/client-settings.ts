import { ConfigError } from '../base/config-keys/config-error.ts';
import type { ClusterOptions } from '../clients/kafka/cluster/cluster-options.ts';
import { parseAdminConfig } from '../clients/kafka/config/admin-config.ts';
import type { ConfigNote } from '../clients/kafka/config/client-config.ts';
import { type ConsumerConfig, parseConsumerConfig } from '../clients/kafka/config/consumer-config.ts';
import { type ProducerConfig, parseProducerConfig } from '../clients/kafka/config/producer-config.ts';
import type { Env } from '../env/env.ts';
import { isKnownHost } from '../env/node/host-names.ts';
import { parsePropertiesFile } from '../storage/properties.ts';
import { JavaError } from './java-error.ts';
import { logLine } from './log-line.ts';

const CLIENT_UTILS = 'org.apache.kafka.clients.ClientUtils';
const ADMIN_CONFIG = 'org.apache.kafka.clients.admin.AdminClientConfig';

/** A properties file as `Utils.loadProps` reads it. Throws {@link JavaError} where there is none. */
export function loadProperties(env: Env, path: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const { key, value } of parsePropertiesFile(readOrThrow(env, path), path)) properties.set(key, value);
  return properties;
}

/** A file's bytes; {@link JavaError} with Java's class and message where it cannot be read. */
export function readOrThrow(env: Env, path: string): Buffer {
  try {
    return env.disk.readFile(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') throw new JavaError('java.nio.file.NoSuchFileException', path);
    if (code === 'EACCES') throw new JavaError('java.nio.file.AccessDeniedException', path);
    throw error;
  }
}

/** A file's text as `Utils.readFileAsString` reads it, with its words for one that is not there. */
export function readTextOrThrow(env: Env, path: string): string {
  try {
    return readOrThrow(env, path).toString();
  } catch (error) {
    if (!(error instanceof JavaError)) throw error;
    throw new JavaError('java.io.IOException', `Unable to read file ${path}`, { cause: error });
  }
}

/** Tells on standard error what a configuration gives rise to, as the tools' log4j.properties let it through. */
function tellNotes(notes: readonly ConfigNote[], logger: string): void {
  for (const { level, text } of notes) if (level === 'warn') logLine('WARN', text, logger);
}

/**
 * How the admin client of a tool connects: to `bootstrapServers`, with the properties of its `--command-config`.
 * `defaults` are the tool's own, for properties that the file does not set. Throws JavaError and ConfigError.
 */
export async function adminOptionsFor(
  env: Env,
  from: BootstrapFrom,
  defaults: Readonly<Record<string, string>> = {},
): Promise<ClusterOptions> {
  const { bootstrapServers, commandConfig } = from;
  const properties =
    commandConfig === undefined ? new Map<string, string>() : loadProperties(env, commandConfig);
  for (const [key, value] of Object.entries(defaults)) {
    if (!properties.has(key)) properties.set(key, value);
  }
  properties.set('bootstrap.servers', bootstrapServers);
  const { options, notes } = creating('Failed to create new KafkaAdminClient', () =>
    parseAdminConfig(properties),
  );
  tellNotes(notes, ADMIN_CONFIG);
  await checkHostNames(bootstrapServers, 'Failed to create new KafkaAdminClient');
  return options;
}

/** Where a tool finds its cluster, and the file of its `--command-config`. */
export interface BootstrapFrom {
  readonly bootstrapServers: string;
  readonly commandConfig?: string | undefined;
}

/** Addresses that make no sense are found out when the client is made: that is what the error says first. */
function creating<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof ConfigError) || error.key !== 'bootstrap.servers') throw error;
    const cause = new JavaError('org.apache.kafka.common.config.ConfigException', error.message);
    throw new JavaError('org.apache.kafka.common.KafkaException', what, { cause });
  }
}

/** Fails at once where no name of a host is known, as `ClientUtils.parseAndValidateAddresses`. */
async function checkHostNames(bootstrapServers: string, what: string): Promise<void> {
  const servers = bootstrapServers.split(',').filter((server) => server.trim() !== '');
  const known = await Promise.all(
    servers.map(async (server) => {
      const host = /^(?:\w+:\/\/)?\[?(.*?)\]?:\d+$/.exec(server.trim())?.[1] ?? server;
      if (await isKnownHost(host)) return true;
      const failed = `as DNS resolution failed for ${host}`;
      logLine('WARN', `Couldn't resolve server ${server} from bootstrap.servers ${failed}`, CLIENT_UTILS);
      return false;
    }),
  );
  if (known.includes(true)) return;
  const reason = 'No resolvable bootstrap urls given in bootstrap.servers';
  const cause = new JavaError('org.apache.kafka.common.config.ConfigException', reason);
  throw new JavaError('org.apache.kafka.common.KafkaException', what, { cause });
}

/** The options of a tool's producer. Throws JavaError and ConfigError. */
export async function producerOptionsFor(
  properties: ReadonlyMap<string, string>,
): Promise<ProducerConfig['options']> {
  const what = 'Failed to construct kafka producer';
  const { options, notes } = creating(what, () => parseProducerConfig(properties));
  tellNotes(notes, 'org.apache.kafka.clients.producer.ProducerConfig');
  await checkHostNames(properties.get('bootstrap.servers') ?? '', what);
  return options;
}

/** The options of a tool's consumer. Throws JavaError and ConfigError. */
export async function consumerOptionsFor(
  properties: ReadonlyMap<string, string>,
): Promise<ConsumerConfig['options']> {
  const what = 'Failed to construct kafka consumer';
  const { options, notes } = creating(what, () => parseConsumerConfig(properties));
  tellNotes(notes, 'org.apache.kafka.clients.consumer.ConsumerConfig');
  await checkHostNames(properties.get('bootstrap.servers') ?? '', what);
  return options;
}
