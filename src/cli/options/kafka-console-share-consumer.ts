import { commonOptions, type OptionSpecs } from '../jopt/option-spec.ts';

/** The options of Apache's kafka-console-share-consumer.sh 4.3.0, with the words of its help text. */
export const kafkaConsoleShareConsumerOptions = {
  topic: { description: 'The topic to consume from.', argument: 'topic' },
  'consumer-property': {
    description:
      '(DEPRECATED) Consumer config properties in the form key=value. This option will be removed in a future version. Use --command-property instead.',
    argument: 'consumer_prop',
  },
  'command-property': {
    description: 'Consumer config properties in the form key=value.',
    argument: 'consumer_prop',
  },
  'consumer-config': {
    description:
      '(DEPRECATED) Consumer config properties file. Note that [command-property] takes precedence over this config. This option will be removed in a future version. Use --command-config instead.',
    argument: 'config file',
  },
  'command-config': {
    description:
      'Consumer config properties file. Note that [command-property] takes precedence over this config.',
    argument: 'config file',
  },
  formatter: {
    description: 'The name of a class to use for formatting Kafka messages for display.',
    argument: 'class',
    defaults: ['org.apache.kafka.tools.consumer.DefaultMessageFormatter'],
  },
  property: {
    description:
      "(DEPRECATED) The properties to initialize the message formatter. Default properties include: \n print.timestamp=true|false\n print.key=true|false\n print.offset=true|false\n print.delivery=true|false\n print.epoch=true|false\n print.partition=true|false\n print.headers=true|false\n print.value=true|false\n key.separator=<key.separator>\n line.separator=<line.separator>\n headers.separator=<headers.separator>\n null.literal=<null.literal>\n key.deserializer=<key.deserializer>\n value.deserializer=<value.deserializer>\n header.deserializer=<header.deserializer>\n\nUsers can also pass in customized properties for their formatter; more specifically, users can pass in properties keyed with 'key.deserializer.', 'value.deserializer.' and 'headers.deserializer.' prefixes to configure their deserializers. \nThis option will be removed in a future version. Use --formatter-property instead.",
    argument: 'prop',
  },
  'formatter-property': {
    description:
      "The properties to initialize the message formatter. Default properties include: \n print.timestamp=true|false\n print.key=true|false\n print.offset=true|false\n print.delivery=true|false\n print.epoch=true|false\n print.partition=true|false\n print.headers=true|false\n print.value=true|false\n key.separator=<key.separator>\n line.separator=<line.separator>\n headers.separator=<headers.separator>\n null.literal=<null.literal>\n key.deserializer=<key.deserializer>\n value.deserializer=<value.deserializer>\n header.deserializer=<header.deserializer>\n\nUsers can also pass in customized properties for their formatter; more specifically, users can pass in properties keyed with 'key.deserializer.', 'value.deserializer.' and 'headers.deserializer.' prefixes to configure their deserializers.",
    argument: 'prop',
  },
  'formatter-config': {
    description:
      'Config properties file to initialize the message formatter. Note that [formatter-property] takes precedence over this config.',
    argument: 'config file',
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
    type: 'Integer',
  },
  reject: { description: 'If specified, messages are rejected as they are consumed.' },
  release: { description: 'If specified, messages are released as they are consumed.' },
  'reject-message-on-error': {
    description: 'If there is an error when processing a message, reject it instead of halting.',
  },
  'bootstrap-server': {
    description: 'REQUIRED: The server(s) to connect to.',
    argument: 'server to connect to',
  },
  'key-deserializer': {
    description: 'The name of the class to use for deserializing keys.',
    argument: 'deserializer for keys',
  },
  'value-deserializer': {
    description: 'The name of the class to use for deserializing values.',
    argument: 'deserializer for values',
  },
  group: { description: 'The share group id of the consumer.', argument: 'share group id' },
  'enable-systest-events': {
    description:
      'Log lifecycle events of the share consumer in addition to logging consumed messages. (This is specific for system tests.)',
  },
  ...commonOptions,
} as const satisfies OptionSpecs;
