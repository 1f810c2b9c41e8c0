import { commonOptions, type OptionSpecs } from '../jopt/option-spec.ts';

/** The options of Apache's kafka-console-consumer.sh 3.9.2, with the words of its help text. */
export const kafkaConsoleConsumerOptions = {
  topic: { description: 'The topic to consume on.', argument: 'topic' },
  whitelist: {
    description:
      'DEPRECATED, use --include instead; ignored if --include specified. Regular expression specifying list of topics to include for consumption.',
    argument: 'Java regex (String)',
  },
  include: {
    description: 'Regular expression specifying list of topics to include for consumption.',
    argument: 'Java regex (String)',
  },
  partition: {
    description:
      "The partition to consume from. Consumption starts from the end of the partition unless '--offset' is specified.",
    argument: 'partition',
    type: 'Integer',
  },
  offset: {
    description:
      "The offset to consume from (a non-negative number), or 'earliest' which means from beginning, or 'latest' which means from end",
    argument: 'consume offset',
    defaults: ['latest'],
  },
  'consumer-property': {
    description: 'A mechanism to pass user-defined properties in the form key=value to the consumer.',
    argument: 'consumer_prop',
  },
  'consumer.config': {
    description:
      'Consumer config properties file. Note that [consumer-property] takes precedence over this config.',
    argument: 'config file',
  },
  formatter: {
    description: 'The name of a class to use for formatting kafka messages for display.',
    argument: 'class',
    defaults: ['org.apache.kafka.tools.consumer.DefaultMessageFormatter'],
  },
  property: {
    description:
      "The properties to initialize the message formatter. Default properties include: \n print.timestamp=true|false\n print.key=true|false\n print.offset=true|false\n print.partition=true|false\n print.headers=true|false\n print.value=true|false\n key.separator=<key.separator>\n line.separator=<line.separator>\n headers.separator=<line.separator>\n null.literal=<null.literal>\n key.deserializer=<key.deserializer>\n value.deserializer=<value.deserializer>\n header.deserializer=<header.deserializer>\n\nUsers can also pass in customized properties for their formatter; more specifically, users can pass in properties keyed with 'key.deserializer.', 'value.deserializer.' and 'headers.deserializer.' prefixes to configure their deserializers.",
    argument: 'prop',
  },
  'formatter-config': {
    description:
      'Config properties file to initialize the message formatter. Note that [property] takes precedence over this config.',
    argument: 'config file',
  },
  'from-beginning': {
    description:
      'If the consumer does not already have an established offset to consume from, start with the earliest message present in the log rather than the latest message.',
  },
  'max-messages': {
    description:
      'The maximum number of messages to consume before exiting. If not set, consumption is continual.',
    argument: 'num_messages',
    type: 'Integer',
  },
  'timeout-ms': {
    description: 'If specified, exit if no message is available for consumption for the specified interval.',
    argument: 'timeout_ms',
    type: 'Long',
  },
  'skip-message-on-error': {
    description: 'If there is an error when processing a message, skip it instead of halt.',
  },
  'bootstrap-server': {
    description: 'REQUIRED: The server(s) to connect to.',
    argument: 'server to connect to',
  },
  'key-deserializer': { description: '', argument: 'deserializer for key' },
  'value-deserializer': { description: '', argument: 'deserializer for values' },
  'enable-systest-events': {
    description:
      'Log lifecycle events of the consumer in addition to logging consumed messages. (This is specific for system tests.)',
  },
  'isolation-level': {
    description:
      'Set to read_committed in order to filter out transactional messages which are not committed. Set to read_uncommitted to read all messages.',
    argument: '',
    defaults: ['read_uncommitted'],
  },
  group: { description: 'The consumer group id of the consumer.', argument: 'consumer group id' },
  ...commonOptions,
} as const satisfies OptionSpecs;
