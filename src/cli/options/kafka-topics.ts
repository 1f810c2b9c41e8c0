import { commonOptions, type OptionSpecs } from '../jopt/option-spec.ts';
import { zookeeperOption } from './zookeeper-option.ts';

/** The options of Apache's kafka-topics.sh 3.9.2, with the words of its help text. */
export const kafkaTopicsOptions = {
  'bootstrap-server': {
    description: 'REQUIRED: The Kafka server to connect to.',
    argument: 'server to connect to',
  },
  'command-config': {
    description:
      'Property file containing configs to be passed to Admin Client. This is used only with --bootstrap-server option for describing and altering broker configs.',
    argument: 'command config property file',
  },
  list: { description: 'List all available topics.' },
  create: { description: 'Create a new topic.' },
  delete: { description: 'Delete a topic' },
  alter: {
    description:
      'Alter the number of partitions and replica assignment. Update the configuration of an existing topic via --alter is no longer supported here (the kafka-configs CLI supports altering topic configs with a --bootstrap-server option).',
  },
  describe: { description: 'List details for the given topics.' },
  topic: {
    description:
      'The topic to create, alter, describe or delete. It also accepts a regular expression, except for --create option. Put topic name in double quotes and use the \'\\\' prefix to escape regular expression symbols; e.g. "test\\.topic".',
    argument: 'topic',
  },
  'topic-id': {
    description:
      'The topic-id to describe.This is used only with --bootstrap-server option for describing topics.',
    argument: 'topic-id',
  },
  config: {
    description:
      'A topic configuration override for the topic being created. The following is a list of valid configurations: \n\tcleanup.policy\n\tcompression.gzip.level\n\tcompression.lz4.level\n\tcompression.type\n\tcompression.zstd.level\n\tdelete.retention.ms\n\tfile.delete.delay.ms\n\tflush.messages\n\tflush.ms\n\tfollower.replication.throttled.replicas\n\tindex.interval.bytes\n\tleader.replication.throttled.replicas\n\tlocal.retention.bytes\n\tlocal.retention.ms\n\tmax.compaction.lag.ms\n\tmax.message.bytes\n\tmessage.downconversion.enable\n\tmessage.format.version\n\tmessage.timestamp.after.max.ms\n\tmessage.timestamp.before.max.ms\n\tmessage.timestamp.difference.max.ms\n\tmessage.timestamp.type\n\tmin.cleanable.dirty.ratio\n\tmin.compaction.lag.ms\n\tmin.insync.replicas\n\tpreallocate\n\tremote.log.copy.disable\n\tremote.log.delete.on.disable\n\tremote.storage.enable\n\tretention.bytes\n\tretention.ms\n\tsegment.bytes\n\tsegment.index.bytes\n\tsegment.jitter.ms\n\tsegment.ms\n\tunclean.leader.election.enable\nSee the Kafka documentation for full details on the topic configs. It is supported only in combination with --create if --bootstrap-server option is used (the kafka-configs CLI supports altering topic configs with a --bootstrap-server option).',
    argument: 'name=value',
  },
  'delete-config': {
    description:
      'A topic configuration override to be removed for an existing topic (see the list of configurations under the --config option). Not supported with the --bootstrap-server option.',
    argument: 'name',
  },
  partitions: {
    description:
      'The number of partitions for the topic being created or altered (WARNING: If partitions are increased for a topic that has a key, the partition logic or ordering of the messages will be affected). If not supplied for create, defaults to the cluster default.',
    argument: '# of partitions',
    type: 'Integer',
  },
  'replication-factor': {
    description:
      'The replication factor for each partition in the topic being created. If not supplied, defaults to the cluster default.',
    argument: 'replication factor',
    type: 'Integer',
  },
  'replica-assignment': {
    description: 'A list of manual partition-to-broker assignments for the topic being created or altered.',
    argument:
      'broker_id_for_part1_replica1 : broker_id_for_part1_replica2 , broker_id_for_part2_replica1 : broker_id_for_part2_replica2 , ...',
  },
  'under-replicated-partitions': {
    description: 'if set when describing topics, only show under replicated partitions',
  },
  'unavailable-partitions': {
    description: 'if set when describing topics, only show partitions whose leader is not available',
  },
  'under-min-isr-partitions': {
    description:
      'if set when describing topics, only show partitions whose isr count is less than the configured minimum.',
  },
  'at-min-isr-partitions': {
    description:
      'if set when describing topics, only show partitions whose isr count is equal to the configured minimum.',
  },
  'topics-with-overrides': {
    description: 'if set when describing topics, only show topics that have overridden configs',
  },
  'if-exists': {
    description:
      'if set when altering or deleting or describing topics, the action will only execute if the topic exists.',
  },
  'if-not-exists': {
    description:
      'if set when creating topics, the action will only execute if the topic does not already exist.',
  },
  'exclude-internal': {
    description:
      'exclude internal topics when running list or describe command. The internal topics will be listed by default',
  },
  'partition-size-limit-per-response': {
    description: 'the maximum partition size to be included in one DescribeTopicPartitions response.',
    argument: 'maximum number of partitions in one response.',
    type: 'Integer',
  },
  ...zookeeperOption,
  ...commonOptions,
} as const satisfies OptionSpecs;
