import { illegalArgument } from './java-error.ts';
import type { OptionSet } from './jopt/option-set.ts';
import { kafkaTopicsOptions as specs } from './options/kafka-topics.ts';
import {
  forbidBeside,
  forbidBesideAll,
  messageAndTrace,
  parseToolArgs,
  requireOptions,
  runTool,
  usageExit,
} from './tool.ts';

export type TopicsOptions = OptionSet<keyof typeof specs>;

type Name = keyof typeof specs;

const PURPOSE = 'Create, delete, describe, or change a topic.';
/** In the order in which options that exclude them are looked at. */
const ACTIONS = ['alter', 'create', 'describe', 'list', 'delete'] as const;
const REPORTS = [
  'under-replicated-partitions',
  'under-min-isr-partitions',
  'at-min-isr-partitions',
  'unavailable-partitions',
] as const;

function checkRequired(options: TopicsOptions): void {
  // `--zookeeper` is the form before 3.0: the brokers are found there.
  if (!options.has('bootstrap-server') && !options.has('zookeeper')) {
    throw illegalArgument('--bootstrap-server must be specified');
  }
  if (options.has('describe') && options.has('if-exists')) {
    if (!options.has('topic') && !options.has('topic-id')) {
      throw usageExit(specs, '--topic or --topic-id is required to describe a topic');
    }
    if (options.has('topic') && options.has('topic-id')) {
      console.log(
        'Only topic id will be used when both --topic and --topic-id are specified and topicId is not Uuid.ZERO_UUID',
      );
    }
  }
  if (!options.has('list') && !options.has('describe')) requireOptions(specs, options, ['topic']);
  if (!options.has('alter')) return;
  const remark = ' (the kafka-configs CLI supports altering topic configs with a --bootstrap-server option)';
  forbidBesideAll(specs, options, ['bootstrap-server', 'config'], { names: ['alter'], remark });
  if (!options.has('zookeeper')) requireOptions(specs, options, ['partitions']);
}

/** `checkInvalidArgs` of TopicCommandOptions: which options belong to which actions. */
function checkCombinations(options: TopicsOptions): void {
  const allowedWith = (used: Name, actions: readonly Name[], more: readonly Name[] = []) =>
    forbidBeside(specs, options, used, [...ACTIONS.filter((action) => !actions.includes(action)), ...more]);
  allowedWith('config', ['alter', 'create']);
  allowedWith('delete-config', ['alter'], ['bootstrap-server']);
  allowedWith('partitions', ['alter', 'create']);
  allowedWith('replication-factor', ['create']);
  allowedWith('replica-assignment', ['alter', 'create']);
  if (options.has('create')) {
    forbidBeside(specs, options, 'replica-assignment', ['partitions', 'replication-factor']);
  }
  for (const report of REPORTS) allowedWith(report, ['describe'], ['topics-with-overrides']);
  allowedWith('topics-with-overrides', ['describe'], REPORTS);
  allowedWith('if-exists', ['alter', 'delete', 'describe']);
  allowedWith('if-not-exists', ['create']);
  allowedWith('exclude-internal', ['list', 'describe']);
}

/** `kafka-topics.sh`: creates, lists, describes, alters and deletes topics. */
await runTool(async (args) => {
  if (args.length === 0) throw usageExit(specs, PURPOSE);
  const purpose = `This tool helps to ${PURPOSE.slice(0, 1).toLowerCase()}${PURPOSE.slice(1)}`;
  const options: TopicsOptions = parseToolArgs(specs, purpose, args);
  if (ACTIONS.filter((action) => options.has(action)).length !== 1) {
    throw usageExit(
      specs,
      'Command must include exactly one action: --list, --describe, --create, --alter or --delete',
    );
  }
  checkRequired(options);
  checkCombinations(options);
  const { runTopics } = await import('./kafka/topics.ts');
  return runTopics(options);
}, messageAndTrace);
