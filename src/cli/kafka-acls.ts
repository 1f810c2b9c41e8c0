import { CliError } from './failure.ts';
import type { OptionSet } from './jopt/option-set.ts';
import { kafkaAclsOptions as specs } from './options/kafka-acls.ts';
import { forbidBeside, parseToolArgs, requireOptions, runTool, uncaught, usageExit } from './tool.ts';

export type AclsOptions = OptionSet<keyof typeof specs>;

const DEPRECATION =
  'Warning: support for ACL configuration directly through the authorizer is deprecated and will be removed in a future release. Please use --bootstrap-server instead to set ACLs through the admin client.';

/** Refuses options that do not go together. Throws ToolExit with the usage. */
function check(options: AclsOptions): void {
  const has = (name: keyof typeof specs): boolean => options.has(name);
  const refuse = (when: boolean, message: string): void => {
    if (when) throw usageExit(specs, message);
  };
  const isByBroker = has('bootstrap-server');
  refuse(isByBroker && has('authorizer'), 'Only one of --bootstrap-server or --authorizer must be specified');
  if (!isByBroker) {
    requireOptions(specs, options, ['authorizer-properties']);
    console.error(DEPRECATION);
  }
  refuse(
    has('command-config') && !isByBroker,
    'The --command-config option can only be used with --bootstrap-server option',
  );
  refuse(
    has('authorizer-properties') && isByBroker,
    'The --authorizer-properties option can only be used with --authorizer option',
  );
  const actions = (['add', 'remove', 'list'] as const).filter(has);
  refuse(actions.length !== 1, 'Command must include exactly one action: --list, --add, --remove. ');
  const grants = ['allow-host', 'allow-principal', 'deny-host', 'deny-principal'] as const;
  forbidBeside(specs, options, 'list', ['producer', 'consumer', ...grants]);
  forbidBeside(specs, options, 'producer', ['operation', 'deny-principal', 'deny-host']);
  forbidBeside(specs, options, 'consumer', ['operation', 'deny-principal', 'deny-host']);
  refuse(has('principal') && !has('list'), 'The --principal option is only available if --list is set');
  refuse(has('producer') && !has('topic'), 'With --producer you must specify a --topic');
  refuse(
    has('idempotent') && !has('producer'),
    'The --idempotent option is only available if --producer is set',
  );
  const isOfProducer = !has('producer') && (has('cluster') || has('transactional-id'));
  refuse(
    has('consumer') && (!has('topic') || !has('group') || isOfProducer),
    'With --consumer you must specify a --topic and a --group and no --cluster or --transactional-id option should be specified.',
  );
}

/** `kafka-acls.sh`: who may do what. Of brokers alone: ACLs are not written into ZooKeeper behind their backs. */
await runTool(async (args) => {
  const options: AclsOptions = parseToolArgs(specs, 'This tool helps to manage acls on kafka.', args);
  check(options);
  if (!options.has('bootstrap-server')) {
    throw new CliError(
      'kafka-acls asks brokers: --authorizer, which writes ACLs into ZooKeeper past them, is not there. Give --bootstrap-server',
    );
  }
  const { runAcls } = await import('./kafka/acls.ts');
  await runAcls(options, (message) => usageExit(specs, message));
  return 0;
}, uncaught);
