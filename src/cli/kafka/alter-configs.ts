import type { Admin } from '../../clients/kafka/admin/admin.ts';
import type { ConfigChange } from '../../clients/kafka/admin/configs.ts';
import type { QuotaEntity } from '../../clients/kafka/admin/quotas.ts';
import type { ScramAlteration, ScramMechanism } from '../../clients/kafka/admin/scram-credentials.ts';
import { createNodeEnv } from '../../env/node/create-node-env.ts';
import { loadProperties } from '../client-settings.ts';
import { illegalArgument, JavaError } from '../java-error.ts';
import type { ConfigEntities, ConfigsOptions } from '../kafka-configs.ts';
import { entriesOf, quotaFilter, quotaTypeOf, resourceOf } from './config-resources.ts';
import { inFuture } from './group-command.ts';

const QUOTAS = ['producer_byte_rate', 'consumer_byte_rate', 'request_percentage', 'controller_mutation_rate'];
const IP_QUOTAS = ['connection_creation_rate'];
const MECHANISMS: readonly string[] = ['SCRAM-SHA-256', 'SCRAM-SHA-512'];
const MIN_ITERATIONS = 4096;

const isQuota = (name: string) => QUOTAS.includes(name);
const isScram = (name: string): name is ScramMechanism => MECHANISMS.includes(name);

/** What `--alter` changes. */
interface Changes {
  readonly added: ReadonlyMap<string, string>;
  readonly deleted: readonly string[];
}

const invalid = (message: string) =>
  new JavaError('org.apache.kafka.common.errors.InvalidConfigurationException', message);

/** `k1=v1,k2=[v2,v3]`: commas and equals signs between brackets belong to values. */
function parsePairs(text: string): [string, string][] {
  const outside = '(?=[^\\]]*(?:\\[|$))';
  const parts = text.split(new RegExp(`,${outside}`));
  while (parts.length > 1 && parts.at(-1) === '') parts.pop();
  return parts.map((part) => {
    const pair = part.split(new RegExp(`\\s*=\\s*${outside}`));
    const [key, value] = pair;
    if (pair.length !== 2 || key === undefined || value === undefined) {
      throw illegalArgument(
        'requirement failed: Invalid entity config: all configs to be added must be in the format "key=val".',
      );
    }
    return [key.trim(), value.replaceAll(/\[?\]?/g, '').trim()];
  });
}

function parseChanges(options: ConfigsOptions): Changes {
  const file = options.text('add-config-file');
  const added = file === undefined ? new Map<string, string>() : loadProperties(createNodeEnv(), file);
  const text = options.text('add-config');
  for (const [key, value] of text === undefined ? [] : parsePairs(text)) added.set(key, value);
  const format = added.get('message.format.version');
  if (format !== undefined) {
    console.log(
      `WARNING: The configuration message.format.version=${format} is specified. This configuration will be ignored if the version is newer than the inter.broker.protocol.version specified in the broker or if the inter.broker.protocol.version is 3.0 or newer. This configuration is deprecated and it will be removed in Apache Kafka 4.0.`,
    );
  }
  for (const key of added.keys()) {
    if (!/^[a-zA-Z0-9._-]*$/.test(key))
      throw illegalArgument(`Invalid character found for config key: ${key}`);
  }
  return { added, deleted: options.all('delete-config').map((name) => name.trim()) };
}

/** Makes the changes of `--alter` and says so. Throws {@link JavaError}. */
export async function alterConfigs(
  admin: Admin,
  options: ConfigsOptions,
  entities: ConfigEntities,
): Promise<void> {
  const [type = ''] = entities.types;
  const [name = ''] = entities.names;
  const changes = parseChanges(options);
  if (type === 'users' || type === 'clients') await alterUsers(admin, entities, changes);
  else if (type === 'ips') await alterIps(admin, entities, changes);
  else if (type === 'brokers') await alterBroker(admin, name, changes);
  else if (type === 'broker-loggers') await alterLoggers(admin, name, changes);
  else await alterResource(admin, { type, name }, changes);
  if (name === '') console.log(`Completed updating default config for ${type} in the cluster.`);
  else console.log(`Completed updating config for ${type.slice(0, -1)} ${name}.`);
}

function changeList({ added, deleted }: Changes): ConfigChange[] {
  return [
    ...[...added].map(([name, value]) => ({ name, operation: 'SET', value }) as const),
    ...deleted.map((name) => ({ name, operation: 'DELETE' }) as const),
  ];
}

function checkDeleted(deleted: readonly string[], known: readonly string[]): void {
  const unknown = deleted.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw invalid(`Invalid config(s): ${unknown.join(',')}`);
}

/** Topics and client metrics. */
async function alterResource(
  admin: Admin,
  entity: { readonly type: string; readonly name: string },
  changes: Changes,
): Promise<void> {
  const before = await entriesOf(admin, entity, { all: false });
  checkDeleted(
    changes.deleted,
    before.map(({ name }) => name),
  );
  const resource = { ...resourceOf(entity.type, entity.name), changes: changeList(changes) };
  await inFuture(admin.incrementalAlterConfigs([resource]));
}

/** Replaces all dynamic configurations of a broker by those that there are and the changes. */
async function alterBroker(admin: Admin, name: string, { added, deleted }: Changes): Promise<void> {
  const before = await entriesOf(admin, { type: 'brokers', name }, { all: false });
  checkDeleted(
    deleted,
    before.map((entry) => entry.name),
  );
  const values = new Map<string, string | null>([
    ...before.map((entry) => [entry.name, entry.value] as const),
    ...added,
  ]);
  for (const key of deleted) values.delete(key);
  const secret = [...values].filter(([, value]) => value === null).map(([key]) => key);
  if (secret.length > 0) {
    throw invalid(
      `All sensitive broker config entries must be specified for --alter, missing entries: Set(${secret.join(', ')})`,
    );
  }
  const configs = Object.fromEntries([...values].map(([key, value]) => [key, value ?? '']));
  await inFuture(admin.alterConfigs([{ ...resourceOf('brokers', name), configs }]));
}

async function alterLoggers(admin: Admin, name: string, changes: Changes): Promise<void> {
  const entries = await entriesOf(
    admin,
    { type: 'broker-loggers', name },
    { all: false, includeSynonyms: true },
  );
  const known = entries.map((entry) => entry.name);
  const unknown = [...changes.deleted, ...changes.added.keys()].filter((logger) => !known.includes(logger));
  if (unknown.length > 0) throw invalid(`Invalid broker logger(s): ${unknown.join(',')}`);
  const resource = { ...resourceOf('broker-loggers', name), changes: changeList(changes) };
  await inFuture(admin.incrementalAlterConfigs([resource]));
}

/** Quotas of users, of clients and of both; SCRAM credentials of users. */
async function alterUsers(admin: Admin, entities: ConfigEntities, changes: Changes): Promise<void> {
  checkUserConfigs(entities, changes);
  const names = [...changes.added.keys(), ...changes.deleted];
  if (names.some(isQuota)) await alterQuotas(admin, entities, changes);
  else await alterCredentials(admin, entities.names[0] ?? '', changes);
}

/** As Scala prints collections. */
const setOf = (names: readonly string[]) => `Set(${names.join(', ')})`;
const bufferOf = (names: readonly string[]) => `ArrayBuffer(${names.join(', ')})`;

function checkUserConfigs({ types, names }: ConfigEntities, { added, deleted }: Changes): void {
  const isClient = types[0] === 'clients' || types.length === 2;
  const [kinds, word] = isClient ? ['quota', 'clients'] : ['quota and SCRAM credential', 'users'];
  const isAllowed = (name: string) => isQuota(name) || (!isClient && isScram(name));
  const badAdded = [...added.keys()].filter((name) => !isAllowed(name));
  const badDeleted = deleted.filter((name) => !isAllowed(name));
  const refuse = (what: string, list: string) =>
    illegalArgument(
      `Only ${kinds} configs can be ${what} for '${word}' using --bootstrap-server. Unexpected config names: ${list}`,
    );
  if (badAdded.length > 0) throw refuse('added', setOf(badAdded));
  if (badDeleted.length > 0) throw refuse('deleted', bufferOf(badDeleted));
  const all = [...added.keys(), ...deleted];
  if (!all.some(isScram)) return;
  if (names.includes('')) {
    throw illegalArgument(
      'The use of --entity-default or --user-defaults is not allowed with User SCRAM Credentials using --bootstrap-server.',
    );
  }
  if (all.some(isQuota)) {
    throw illegalArgument(
      "Cannot alter both quota and SCRAM credential configs simultaneously for 'users' using --bootstrap-server.",
    );
  }
}

async function alterIps(admin: Admin, entities: ConfigEntities, changes: Changes): Promise<void> {
  const unknown = [...changes.added.keys(), ...changes.deleted].filter((name) => !IP_QUOTAS.includes(name));
  if (unknown.length > 0) {
    throw illegalArgument(
      `Only connection quota configs can be added for 'ips' using --bootstrap-server. Unexpected config names: ${unknown.join(',')}`,
    );
  }
  await alterQuotas(admin, entities, changes);
}

async function alterQuotas(
  admin: Admin,
  entities: ConfigEntities,
  { added, deleted }: Changes,
): Promise<void> {
  const components = quotaFilter(entities);
  const [before] = await inFuture(admin.describeClientQuotas({ components, strict: true }));
  checkDeleted(deleted, Object.keys(before?.quotas ?? {}));
  const entity: QuotaEntity = Object.fromEntries(
    entities.types.map((type, index) => {
      const name = entities.names[index] ?? '';
      return [quotaTypeOf(type), name === '' ? null : name];
    }),
  );
  const values = [...added].map(([key, text]): [string, number] => {
    const value = Number(text);
    if (text.trim() === '' || Number.isNaN(value)) {
      throw illegalArgument(`Cannot parse quota configuration value for ${key}: ${text}`);
    }
    return [key, value];
  });
  const removed = deleted.map((key): [string, null] => [key, null]);
  const quotas = Object.fromEntries([...values, ...removed]);
  await inFuture(admin.alterClientQuotas([{ entity, quotas }]));
}

async function alterCredentials(admin: Admin, user: string, { added, deleted }: Changes): Promise<void> {
  const removed = deleted
    .filter(isScram)
    .map((mechanism): ScramAlteration => ({ user, mechanism, remove: true }));
  const given = [...added].flatMap(([mechanism, text]): ScramAlteration[] => {
    if (!isScram(mechanism)) return [];
    const [, iterationsText, password] = /^(?:iterations=(-?[0-9]*),)?password=(.*)$/s.exec(text) ?? [];
    const name = mechanism.replaceAll('-', '_');
    if (password === undefined) throw illegalArgument(`Invalid credential property ${name}=${text}`);
    const isUnsaid = iterationsText === undefined || iterationsText === '-1';
    const iterations = isUnsaid ? MIN_ITERATIONS : Number(iterationsText);
    if (iterations < MIN_ITERATIONS) {
      throw illegalArgument(
        `Iterations ${iterations} is less than the minimum ${MIN_ITERATIONS} required for ${mechanism}`,
      );
    }
    return [{ user, mechanism, password, iterations }];
  });
  await inFuture(admin.alterUserScramCredentials([...removed, ...given]));
}
