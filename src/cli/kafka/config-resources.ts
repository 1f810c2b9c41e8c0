import type { Admin } from '../../clients/kafka/admin/admin.ts';
import type { ConfigEntry } from '../../clients/kafka/admin/config-entry.ts';
import { type ConfigResource, configResourceKey } from '../../clients/kafka/admin/configs.ts';
import type { QuotaFilterComponent } from '../../clients/kafka/admin/quotas.ts';
import { illegalArgument, JavaError } from '../java-error.ts';
import type { ConfigEntities } from '../kafka-configs.ts';
import { inFuture } from './group-command.ts';

const RESOURCES = {
  topics: ['TOPIC', 'DYNAMIC_TOPIC_CONFIG'],
  brokers: ['BROKER', 'DYNAMIC_BROKER_CONFIG'],
  'broker-loggers': ['BROKER_LOGGER', undefined],
  'client-metrics': ['CLIENT_METRICS', 'DYNAMIC_CLIENT_METRICS_CONFIG'],
} as const;

const isResource = (type: string): type is keyof typeof RESOURCES => Object.hasOwn(RESOURCES, type);

/** The resource of an entity with configurations of its own. Throws {@link JavaError}. */
export function resourceOf(type: string, name: string): ConfigResource {
  if (!isResource(type)) throw illegalArgument(`Invalid entity type: ${type}`);
  if (type === 'topics' && name !== '') checkTopicName(name);
  return { type: RESOURCES[type][0], name };
}

/** Configurations of a resource by their names; those that were set for it, or all. */
export async function entriesOf(
  admin: Admin,
  entity: { readonly type: string; readonly name: string },
  options: { readonly all: boolean; readonly includeSynonyms?: boolean },
): Promise<readonly ConfigEntry[]> {
  const resource = resourceOf(entity.type, entity.name);
  const described = await inFuture(
    admin.describeConfigs([resource], { includeSynonyms: options.includeSynonyms ?? false }),
  );
  const own = isResource(entity.type) ? RESOURCES[entity.type][1] : undefined;
  const source =
    own === 'DYNAMIC_BROKER_CONFIG' && entity.name === '' ? 'DYNAMIC_DEFAULT_BROKER_CONFIG' : own;
  return (described.get(configResourceKey(resource))?.entries ?? [])
    .filter((entry) => options.all || source === undefined || entry.source === source)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** `Topic.validate`. */
function checkTopicName(name: string): void {
  const refuse = (why: string) => {
    const message = `Topic name is invalid: ${why}`;
    return new JavaError('org.apache.kafka.common.errors.InvalidTopicException', message);
  };
  if (name === '.' || name === '..') throw refuse("'.' or '..' is not allowed");
  if (name.length > 249) {
    throw refuse(`the length of '${name}' is longer than the max allowed length 249`);
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    const allowed = "characters other than ASCII alphanumerics, '.', '_' and '-'";
    throw refuse(`'${name}' contains one or more ${allowed}`);
  }
}

const QUOTA_TYPES: Readonly<Record<string, string>> = { users: 'user', clients: 'client-id', ips: 'ip' };

export function quotaTypeOf(type: string): string {
  const found = QUOTA_TYPES[type];
  if (found === undefined) throw illegalArgument(`Unexpected entity type ${type}`);
  return found;
}

/** Which quotas entities ask for: of a name, of the default, or of all names. */
export function quotaFilter({ types, names }: ConfigEntities): QuotaFilterComponent[] {
  if (names.length > types.length) throw illegalArgument('More entity names specified than entity types');
  return types.map((type, index) => {
    const name = names[index];
    const entityType = quotaTypeOf(type);
    return name === undefined ? { entityType } : { entityType, name: name === '' ? null : name };
  });
}
