import { commonOptions, type OptionSpecs } from '../jopt/option-spec.ts';

/** The options of Apache's kafka-consumer-perf-test.sh 3.9.2, with the words of its help text. */
export const kafkaConsumerPerfTestOptions = {
  'broker-list': {
    description:
      'DEPRECATED, use --bootstrap-server instead; ignored if --bootstrap-server is specified. The broker list string in the form HOST1:PORT1,HOST2:PORT2.',
    argument: 'broker-list',
  },
  'bootstrap-server': {
    description: 'REQUIRED unless --broker-list(deprecated) is specified. The server(s) to connect to.',
    argument: 'server to connect to',
    requiredUnless: 'broker-list',
  },
  topic: { description: 'REQUIRED: The topic to consume from.', argument: 'topic' },
  group: { description: 'The group id to consume on.', argument: 'gid', defaults: ['perf-consumer-6618'] },
  'fetch-size': {
    description: 'The amount of data to fetch in a single request.',
    argument: 'size',
    type: 'Integer',
    defaults: ['1048576'],
  },
  'from-latest': {
    description:
      'If the consumer does not already have an established offset to consume from, start with the latest message present in the log rather than the earliest message.',
  },
  'socket-buffer-size': {
    description: 'The size of the tcp RECV size.',
    argument: 'size',
    type: 'Integer',
    defaults: ['2097152'],
  },
  threads: {
    description: 'DEPRECATED AND IGNORED: Number of processing threads.',
    argument: 'count',
    type: 'Integer',
    defaults: ['10'],
  },
  'num-fetch-threads': {
    description: 'DEPRECATED AND IGNORED: Number of fetcher threads.',
    argument: 'count',
    type: 'Integer',
    defaults: ['1'],
  },
  'consumer.config': { description: 'Consumer config properties file.', argument: 'config file' },
  'print-metrics': { description: 'Print out the metrics.' },
  'show-detailed-stats': {
    description: 'If set, stats are reported for each reporting interval as configured by reporting-interval',
  },
  timeout: {
    description: 'The maximum allowed time in milliseconds between returned records.',
    argument: 'milliseconds',
    type: 'Long',
    optionalValue: true,
    defaults: ['10000'],
  },
  messages: {
    description: 'REQUIRED: The number of messages to send or consume',
    argument: 'count',
    type: 'Long',
  },
  'reporting-interval': {
    description: 'Interval in milliseconds at which to print progress info.',
    argument: 'interval_ms',
    type: 'Long',
    defaults: ['5000'],
  },
  'date-format': {
    description:
      'The date format to use for formatting the time field. See java.text.SimpleDateFormat for options.',
    argument: 'date format',
    defaults: ['yyyy-MM-dd HH:mm:ss:SSS'],
  },
  'hide-header': { description: 'If set, skips printing the header for the stats' },
  ...commonOptions,
} as const satisfies OptionSpecs;
