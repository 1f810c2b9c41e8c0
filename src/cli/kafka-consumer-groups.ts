import type { OptionSet } from './jopt/option-set.ts';
import { kafkaConsumerGroupsOptions as specs } from './options/kafka-consumer-groups.ts';
import { forbidBeside, parseToolArgs, requireOptions, runTool, uncaught, usageExit } from './tool.ts';

export type ConsumerGroupsOptions = OptionSet<keyof typeof specs>;

type Name = keyof typeof specs;

const PURPOSE =
  'This tool helps to list all consumer groups, describe a consumer group, delete consumer group info, or reset consumer group offsets.';

// In the order of Java's sets, in which messages name them and exclusions are looked at.
const LEVELS = ['reset-offsets', 'describe', 'delete', 'list'] as const;
const SCOPES = ['all-groups', 'group'] as const;
const SCENARIOS = [
  'to-offset',
  'to-current',
  'to-datetime',
  'from-file',
  'by-duration',
  'to-earliest',
  'to-latest',
  'shift-by',
] as const;

const listed = (names: readonly string[]) => names.map((name) => `[${name}]`).join(', ');
const without = (names: readonly Name[], ...left: readonly Name[]) =>
  names.filter((name) => !left.includes(name));

function checkDescribe(options: ConsumerGroupsOptions): void {
  if (!options.has('describe')) return;
  if (!options.has('group') && !options.has('all-groups')) {
    throw usageExit(specs, `Option [describe] takes one of these options: ${listed(LEVELS)}`);
  }
  const views = ['members', 'offsets', 'state'] as const;
  if (views.filter((view) => options.has(view)).length > 1) {
    throw usageExit(specs, `Option [describe] takes at most one of these options: ${listed(views)}`);
  }
  if (options.has('state') && options.text('state') !== undefined) {
    throw usageExit(specs, 'Option [describe] does not take a value for [state]');
  }
}

function checkDelete(options: ConsumerGroupsOptions): void {
  const hasGroups = options.has('group') || options.has('all-groups');
  if (options.has('delete')) {
    if (!hasGroups) throw usageExit(specs, `Option [delete] takes one of these options: ${listed(SCOPES)}`);
    if (options.has('topic')) {
      throw usageExit(
        specs,
        'The consumer does not support topic-specific offset deletion from a consumer group.',
      );
    }
  }
  if (options.has('delete-offsets') && (!options.has('group') || !options.has('topic'))) {
    throw usageExit(specs, `Option [delete-offsets] takes the following options: ${listed(SCOPES)}`);
  }
}

function checkReset(options: ConsumerGroupsOptions): void {
  if (!options.has('reset-offsets')) return;
  if (options.has('dry-run') && options.has('execute')) {
    throw usageExit(specs, 'Option [reset-offsets] only accepts one of [execute] and [dry-run]');
  }
  if (!options.has('dry-run') && !options.has('execute')) {
    console.error(
      'WARN: No action will be performed as the --execute option is missing.In a future major release, the default behavior of this command will be to prompt the user before executing the reset rather than doing a dry run. You should add the --dry-run option explicitly if you are scripting this command and want to keep the current default behavior without prompting.',
    );
  }
  if (!options.has('group') && !options.has('all-groups')) {
    throw usageExit(specs, `Option [reset-offsets] takes one of these options: ${listed(SCOPES)}`);
  }
  const looked = [
    'to-offset',
    'to-datetime',
    'by-duration',
    'to-earliest',
    'to-latest',
    'to-current',
    'shift-by',
    'from-file',
  ] as const;
  for (const used of looked) forbidBeside(specs, options, used, without(SCENARIOS, used));
}

/** `kafka-consumer-groups.sh`: lists, describes and deletes groups, and moves and deletes their offsets. */
await runTool(async (args) => {
  const options: ConsumerGroupsOptions = parseToolArgs(specs, PURPOSE, args);
  requireOptions(specs, options, ['bootstrap-server']);
  checkDescribe(options);
  checkDelete(options);
  checkReset(options);
  forbidBeside(specs, options, 'group', without(SCOPES, 'group'));
  forbidBeside(specs, options, 'group', without(LEVELS, 'describe', 'delete', 'reset-offsets'));
  forbidBeside(specs, options, 'topic', without(LEVELS, 'delete', 'reset-offsets'));
  const actions = ['list', 'describe', 'delete', 'reset-offsets', 'delete-offsets'] as const;
  if (actions.filter((action) => options.has(action)).length !== 1) {
    throw usageExit(
      specs,
      'Command must include exactly one action: --list, --describe, --delete, --reset-offsets, --delete-offsets',
    );
  }
  const { runConsumerGroups } = await import('./kafka/consumer-groups.ts');
  await runConsumerGroups(specs, options);
  return 0;
}, uncaught);
