import { commonOptions, type OptionSpecs } from '../jopt/option-spec.ts';

/** The options of Apache's kafka-share-consumer-perf-test.sh 4.3.0, with the words of its help text. */
export const kafkaShareConsumerPerfTestOptions = {
  'bootstrap-server': {
    description: 'REQUIRED. The server(s) to connect to.',
    argument: 'server to connect to',
  },
  topic: { description: 'REQUIRED: The topic to consume from.', argument: 'topic' },
  group: { description: 'The group id to consume on.', argument: 'gid', defaults: ['perf-share-consumer'] },
  'fetch-size': {
    description: 'The amount of data to fetch in a single request.',
    argument: 'size',
    type: 'Integer',
    defaults: ['1048576'],
  },
  'command-property': {
    description:
      'Kafka share consumer related configuration properties like client.id. These configs take precedence over those passed via --command-config or --consumer.config.',
    argument: 'prop1=val1',
  },
  'socket-buffer-size': {
    description: 'The size of the tcp RECV size.',
    argument: 'size',
    type: 'Integer',
    defaults: ['2097152'],
  },
  'consumer.config': {
    description:
      '(DEPRECATED) Share consumer config properties file. This option will be removed in a future version. Use --command-config instead.',
    argument: 'config file',
  },
  'command-config': { description: 'Config properties file.', argument: 'config file' },
  'print-metrics': { description: 'Print out the metrics.' },
  'show-detailed-stats': {
    description:
      'If set, stats are reported for each reporting interval as configured by reporting-interval.',
  },
  timeout: {
    description: 'The maximum allowed time in milliseconds between returned records.',
    argument: 'milliseconds',
    type: 'Long',
    optionalValue: true,
    defaults: ['10000'],
  },
  messages: {
    description:
      '(DEPRECATED) The number of records to consume. This option will be removed in a future version. Use --num-records instead.',
    argument: 'count',
    type: 'Long',
  },
  'num-records': {
    description: 'REQUIRED: The number of records to consume.',
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
  'hide-header': { description: 'If set, skips printing the header for the stats.' },
  threads: {
    description: 'The number of share consumers to use for sharing the load.',
    argument: 'count',
    type: 'Integer',
    defaults: ['1'],
  },
  'show-consumer-stats': {
    description: 'If set, stats are reported for each share consumer depending on the no. of threads.',
  },
  ...commonOptions,
} as const satisfies OptionSpecs;
