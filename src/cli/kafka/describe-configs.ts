import { javaDoubleText } from '../../base/java-double.ts';
import { javaStringHash } from '../../base/java-string-hash.ts';
import type { Admin } from '../../clients/kafka/admin/admin.ts';
import type { QuotaEntity } from '../../clients/kafka/admin/quotas.ts';
import { KafkaError } from '../../clients/kafka/kafka-error.ts';
import { JavaError } from '../java-error.ts';
import { hashOrder, stringHashOrder } from '../java-hash-order.ts';
import type { ConfigEntities, ConfigsOptions } from '../kafka-configs.ts';
import { asJavaError } from '../kafka-failure.ts';
import { entriesOf, quotaFilter } from './config-resources.ts';
import { inFuture } from './group-command.ts';

/** Prints the configurations, quotas and credentials that `--describe` asks for. */
export async function describeConfigs(
  admin: Admin,
  options: ConfigsOptions,
  entities: ConfigEntities,
): Promise<void> {
  const [type = ''] = entities.types;
  if (type === 'users' || type === 'clients') {
    await describeQuotas(admin, entities);
    const isOfUsers = !entities.types.includes('clients') && !entities.names.includes('');
    if (isOfUsers) await describeCredentials(admin, entities.names);
  } else if (type === 'ips') {
    await describeQuotas(admin, entities);
  } else {
    await describeResources(admin, entities, options.has('all'));
  }
}

async function describeResources(admin: Admin, entities: ConfigEntities, all: boolean): Promise<void> {
  const { types, names } = entities;
  const [type = ''] = types;
  const [given] = names;
  for (const name of given === undefined ? await allNames(admin, type) : [given]) {
    if (name === '') console.log(`Default configs for ${type} in the cluster are:`);
    else console.log(`${all ? 'All' : 'Dynamic'} configs for ${type.slice(0, -1)} ${name} are:`);
    for (const entry of await entriesOf(admin, { type, name }, { all, includeSynonyms: true })) {
      const synonyms = entry.synonyms.map(({ source, name, value }) => `${source}:${name}=${value}`);
      const shown = `{${synonyms.join(', ')}}`;
      console.log(`  ${entry.name}=${entry.value} sensitive=${entry.isSensitive} synonyms=${shown}`);
    }
  }
}

async function allNames(admin: Admin, type: string): Promise<string[]> {
  if (type === 'topics') {
    const topics = await inFuture(admin.listTopics({ includeInternal: true }));
    return stringHashOrder([...topics.keys()]);
  }
  if (type === 'client-metrics') {
    const resources = await inFuture(admin.listConfigResources({ types: ['CLIENT_METRICS'] }));
    return resources.map(({ name }) => name);
  }
  const { brokers } = await inFuture(admin.describeCluster());
  return [...brokers.map(({ id }) => String(id)), ''];
}

/** `ClientQuotaEntity.hashCode`. */
function entityHash(entity: QuotaEntity): number {
  const entries = Object.entries(entity).map(
    ([type, name]) => javaStringHash(type) ^ (name === null ? 0 : javaStringHash(name)),
  );
  return (31 + entries.reduce((sum, hash) => (sum + hash) | 0, 0)) | 0;
}

const WORDS: readonly (readonly [string, string])[] = [
  ['user', 'user-principal'],
  ['client-id', 'client-id'],
  ['ip', 'ip'],
];

async function describeQuotas(admin: Admin, entities: ConfigEntities): Promise<void> {
  const found = await inFuture(
    admin.describeClientQuotas({ components: quotaFilter(entities), strict: true }),
  );
  for (const { entity, quotas } of hashOrder(found, ({ entity }) => entityHash(entity))) {
    const who = WORDS.flatMap(([type, word]) => {
      const name = entity[type];
      if (name === undefined) return [];
      return [name === null ? `the default ${word}` : `${word} '${name}'`];
    });
    const values = stringHashOrder(Object.keys(quotas)).map(
      (name) => `${name}=${javaDoubleText(quotas[name] ?? 0)}`,
    );
    console.log(`Quota configs for ${who.join(', ')} are ${values.join(', ')}`);
  }
}

async function describeCredentials(admin: Admin, users: readonly string[]): Promise<void> {
  const described = admin.describeUserScramCredentials(users.length === 0 ? {} : { users });
  for (const [user, outcome] of await inFuture(described.settled())) {
    if (!(outcome instanceof KafkaError)) {
      const texts = outcome.map(({ mechanism, iterations }) => `${mechanism}=iterations=${iterations}`);
      console.log(`SCRAM credential configs for user-principal '${user}' are ${texts.join(', ')}`);
    } else if (outcome.code !== 'RESOURCE_NOT_FOUND') {
      const error = asJavaError(outcome);
      const text = error instanceof JavaError ? error.toJavaString() : outcome.message;
      console.log(
        `Error retrieving SCRAM credential configs for user-principal '${user}': ExecutionException: ${text}`,
      );
    }
  }
}
