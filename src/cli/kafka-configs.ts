import { illegalArgument, type JavaError } from './java-error.ts';
import { OptionError } from './jopt/option-error.ts';
import type { OptionSet } from './jopt/option-set.ts';
import { kafkaConfigsOptions as specs } from './options/kafka-configs.ts';
import { forbidBeside, messageOnly, parseToolArgs, runTool, usageExit } from './tool.ts';

export type ConfigsOptions = OptionSet<keyof typeof specs>;

/** What the configurations are of: types and, as far as they are given, names; an empty name is the default of a type. */
export interface ConfigEntities {
  readonly types: readonly string[];
  readonly names: readonly string[];
}

const PURPOSE =
  'This tool helps to manipulate and describe entity config for a topic, client, user, broker, ip or client-metrics';

const FLAGS = [
  ['topic', 'topics'],
  ['client', 'clients'],
  ['user', 'users'],
  ['broker', 'brokers'],
  ['broker-logger', 'broker-loggers'],
  ['ip', 'ips'],
] as const;
const DEFAULT_FLAGS = [
  ['client-defaults', 'clients'],
  ['user-defaults', 'users'],
  ['broker-defaults', 'brokers'],
  ['ip-defaults', 'ips'],
] as const;

const BROKER_TYPES = ['topics', 'clients', 'users', 'brokers', 'ips', 'broker-loggers', 'client-metrics'];
const ZOOKEEPER_TYPES = ['users', 'brokers'];

function entitiesOf(options: ConfigsOptions): ConfigEntities {
  const given = [...options.all('entity-name')];
  const ordered = options.order
    .filter((name) => name === 'entity-name' || name === 'entity-default')
    .map((name) => (name === 'entity-name' ? (given.shift() ?? '') : ''));
  const named = FLAGS.filter(([flag]) => options.has(flag));
  const defaults = DEFAULT_FLAGS.filter(([flag]) => options.has(flag));
  return {
    types: [...options.all('entity-type'), ...[...named, ...defaults].map(([, type]) => type)],
    names: [...ordered, ...named.map(([flag]) => options.required(flag)), ...defaults.map(() => '')],
  };
}

function checkTypes(options: ConfigsOptions, { types }: ConfigEntities): void {
  const duplicates = types.filter((type, index) => types.indexOf(type) !== index);
  if (duplicates.length > 0) {
    throw illegalArgument(`Duplicate entity type(s) specified: ${duplicates.join(',')}`);
  }
  const byBroker = options.has('bootstrap-server') || options.has('bootstrap-controller');
  const [allowed, how] = byBroker
    ? [BROKER_TYPES, '--bootstrap-server or --bootstrap-controller']
    : [ZOOKEEPER_TYPES, '--zookeeper'];
  const unknown = types.find((type) => !allowed.includes(type));
  if (unknown !== undefined) {
    throw illegalArgument(
      `Invalid entity type ${unknown}, the entity type must be one of ${allowed.join(', ')} with a ${how} argument`,
    );
  }
  if (types.length === 0) throw illegalArgument('At least one entity type must be specified');
  const isPair = types.length === 2 && types.includes('users') && types.includes('clients');
  if (types.length > 1 && !isPair) {
    throw illegalArgument("Only 'users' and 'clients' entity types may be specified together");
  }
  const plain = ['entity-name', 'entity-type', 'entity-default'] as const;
  const special = [...FLAGS, ...DEFAULT_FLAGS].some(([flag]) => options.has(flag));
  if (special && plain.some((flag) => options.has(flag))) {
    throw illegalArgument(
      '--entity-{type,name,default} should not be used in conjunction with specific entity flags',
    );
  }
}

function checkConnection(options: ConfigsOptions): void {
  const ways = ['bootstrap-server', 'bootstrap-controller', 'zookeeper'] as const;
  const count = ways.filter((way) => options.has(way)).length;
  if (count === 0) {
    throw illegalArgument(
      'One of the required --bootstrap-server, --boostrap-controller, or --zookeeper arguments must be specified',
    );
  }
  if (count > 1) {
    throw illegalArgument(
      'Only one of --bootstrap-server, --boostrap-controller, and --zookeeper can be specified',
    );
  }
  if (options.has('all') && options.has('zookeeper')) {
    throw illegalArgument('--bootstrap-server must be specified for --all');
  }
  if (options.has('zk-tls-config-file') && !options.has('zookeeper')) {
    throw illegalArgument('Only the --zookeeper option can be used with the --zk-tls-config-file option.');
  }
}

async function checkNames(options: ConfigsOptions, { types, names }: ConfigEntities): Promise<void> {
  const [type = ''] = types;
  const given = names.filter((name) => name !== '');
  if (types.includes('brokers') || types.includes('broker-loggers')) {
    const bad = given.find((id) => !/^[+-]?\d+$/.test(id));
    if (bad !== undefined) {
      throw illegalArgument(
        `The entity name for ${type} must be a valid integer broker id, but it is: ${bad}`,
      );
    }
  }
  if (types.includes('ips')) {
    const { isKnownHost } = await import('../env/node/host-names.ts');
    for (const ip of given) {
      if (await isKnownHost(ip)) continue;
      throw illegalArgument(
        `The entity name for ${type} must be a valid IP or resolvable host, but it is: ${ip}`,
      );
    }
  }
  if (options.has('describe') && types.includes('broker-loggers') && given.length === 0) {
    throw illegalArgument(`an entity name must be specified with --describe of ${types.join(',')}`);
  }
}

function checkAlter(options: ConfigsOptions, { types, names }: ConfigEntities): void {
  if (!options.has('alter')) return;
  const hasName = names.some((name) => name !== '');
  if (types.some((type) => ['users', 'clients', 'brokers', 'ips'].includes(type))) {
    if (names.length === 0) {
      throw illegalArgument(
        'an entity-name or default entity must be specified with --alter of users, clients, brokers or ips',
      );
    }
  } else if (!hasName) {
    throw illegalArgument(`an entity name must be specified with --alter of ${types.join(',')}`);
  }
  if (options.has('add-config') && options.has('add-config-file')) {
    throw illegalArgument('Only one of --add-config or --add-config-file must be specified');
  }
  if (!(['add-config', 'add-config-file', 'delete-config'] as const).some((flag) => options.has(flag))) {
    throw illegalArgument(
      'At least one of --add-config, --add-config-file, or --delete-config must be specified with --alter',
    );
  }
}

const MISTAKES = [
  'java.lang.IllegalArgumentException',
  'org.apache.kafka.common.errors.InvalidConfigurationException',
];

function failureText(error: JavaError): string {
  if (error instanceof OptionError || MISTAKES.includes(error.javaClass)) return messageOnly(error);
  const args = process.argv.slice(2).join(' ');
  return `Error while executing config command with args '${args}'\n${error.toTrace()}`;
}

/** `kafka-configs.sh`: shows and changes configurations, quotas and SCRAM credentials. */
await runTool(async (args) => {
  const options: ConfigsOptions = parseToolArgs(specs, PURPOSE, args);
  if ((['alter', 'describe'] as const).filter((action) => options.has(action)).length !== 1) {
    throw usageExit(specs, 'Command must include exactly one action: --describe, --alter');
  }
  forbidBeside(specs, options, 'describe', ['alter', 'add-config', 'delete-config']);
  const entities = entitiesOf(options);
  checkTypes(options, entities);
  checkConnection(options);
  await checkNames(options, entities);
  checkAlter(options, entities);
  const { runConfigs } = await import('./kafka/configs.ts');
  await runConfigs(options, entities);
  return 0;
}, failureText);
