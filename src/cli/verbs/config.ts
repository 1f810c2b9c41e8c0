import type { ConfigEntry } from '../../clients/kafka/admin/config-entry.ts';
import type { ConfigChange, ConfigResource, ConfigResourceType } from '../../clients/kafka/admin/configs.ts';
import { type ConnectionFlags, connectAdmin } from './connection.ts';
import { reportItems } from './items.ts';
import { EXIT, UsageError, type VerbContext } from './verb.ts';

interface ConfigFlags extends ConnectionFlags {
  readonly all?: boolean;
  readonly dryRun?: boolean;
}

type Context = VerbContext<ConfigFlags>;

const TYPES: Readonly<Record<string, ConfigResourceType>> = {
  topic: 'TOPIC',
  broker: 'BROKER',
  'broker-logger': 'BROKER_LOGGER',
  group: 'GROUP',
  'client-metrics': 'CLIENT_METRICS',
};

function resourceOf([typeName = '', name = '']: readonly string[]): ConfigResource {
  const type = Object.hasOwn(TYPES, typeName) ? TYPES[typeName] : undefined;
  if (type === undefined) {
    throw new UsageError(`${typeName} has no configurations: give ${Object.keys(TYPES).join(', ')}`);
  }
  return { type, name };
}

/** Whether it was set for this resource: what brokers are started with is a default of topics. */
function isOwn({ type }: ConfigResource, { isDefault, source }: ConfigEntry): boolean {
  return type === 'BROKER' ? !isDefault : /^DYNAMIC_(?!.*BROKER_CONFIG)/.test(source);
}

export async function describeConfig(context: Context): Promise<number> {
  const { output, flags, args, signal } = context;
  const resource = resourceOf(args);
  await using admin = connectAdmin(context);
  const described = await admin.describeConfigs([resource], { signal });
  const entries = [...described.values()]
    .flatMap((each) => each.entries)
    .filter((entry) => flags.all === true || isOwn(resource, entry))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const configs = entries.map(({ name, value, source, isSensitive, isReadOnly }) => ({
    name,
    value,
    source,
    sensitive: isSensitive,
    readOnly: isReadOnly,
  }));
  output.result({ ...resource, configs }, () => {
    if (configs.length === 0) output.remark('nothing is set: --all shows what holds by default');
    else {
      const rows = configs.map(({ name, value, source, sensitive }) => [
        name,
        sensitive ? '(hidden)' : value,
        source,
      ]);
      output.table(['CONFIG', 'VALUE', 'SOURCE'], rows);
    }
  });
  return EXIT.ok;
}

export function setConfig(context: Context): Promise<number> {
  return change(
    context,
    context.args.slice(2).map((text) => {
      const at = text.indexOf('=');
      if (at <= 0) throw new UsageError(`${text}: write it as key=value`);
      return { name: text.slice(0, at).trim(), operation: 'SET', value: text.slice(at + 1) };
    }),
  );
}

export function unsetConfig(context: Context): Promise<number> {
  return change(
    context,
    context.args.slice(2).map((name) => ({ name, operation: 'DELETE' })),
  );
}

async function change(context: Context, changes: readonly ConfigChange[]): Promise<number> {
  const { output, flags, args, signal } = context;
  const resource = resourceOf(args);
  await using admin = connectAdmin(context);
  const validateOnly = flags.dryRun === true;
  const outcomes = await admin
    .incrementalAlterConfigs([{ ...resource, changes }], { validateOnly, signal })
    .settled();
  return reportItems(output, 'resources', outcomes, (key) =>
    validateOnly ? `${key} could be changed` : `changed ${key}`,
  );
}
