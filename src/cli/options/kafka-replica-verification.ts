import { commonOptions, type OptionSpecs } from '../jopt/option-spec.ts';

/** The options of Apache's kafka-replica-verification.sh 3.9.2, with the words of its help text. */
export const kafkaReplicaVerificationOptions = {
  'broker-list': {
    description: 'REQUIRED: The list of hostname and port of the server to connect to.',
    argument: 'hostname:port,...,hostname:port',
  },
  'fetch-size': {
    description: 'The fetch size of each request.',
    argument: 'bytes',
    type: 'Integer',
    defaults: ['1048576'],
  },
  'max-wait-ms': {
    description: 'The max amount of time each fetch request waits.',
    argument: 'ms',
    type: 'Integer',
    defaults: ['1000'],
  },
  'topic-white-list': {
    description:
      'DEPRECATED use --topics-include instead; ignored if --topics-include specified. List of topics to verify replica consistency.',
    argument: 'Java regex (String)',
    defaults: ['.*'],
  },
  'topics-include': {
    description: 'List of topics to verify replica consistency.',
    argument: 'Java regex (String)',
    defaults: ['.*'],
  },
  time: {
    description: 'Timestamp for getting the initial offsets.',
    argument: 'timestamp/-1(latest)/-2(earliest)',
    type: 'Long',
    defaults: ['-1'],
  },
  'report-interval-ms': {
    description: 'The reporting interval.',
    argument: 'ms',
    type: 'Long',
    defaults: ['30000'],
  },
  ...commonOptions,
} as const satisfies OptionSpecs;
