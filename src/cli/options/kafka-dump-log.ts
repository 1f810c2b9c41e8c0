import { commonOptions, type OptionSpecs } from '../jopt/option-spec.ts';

/** The options of Apache's kafka-dump-log.sh 3.9.2, with the words of its help text. */
export const kafkaDumpLogOptions = {
  'print-data-log': {
    description:
      'If set, printing the messages content when dumping data logs. Automatically set if any decoder option is specified.',
  },
  'verify-index-only': { description: 'If set, just verify the index log without printing its content.' },
  'index-sanity-check': {
    description:
      'If set, just checks the index sanity without printing its content. This is the same check that is executed on broker startup to determine if an index needs rebuilding or not.',
  },
  files: {
    description: 'REQUIRED: The comma separated list of data and index log files to be dumped.',
    argument: 'file1, file2, ...',
  },
  'max-message-size': {
    description: 'Size of largest message.',
    argument: 'size',
    type: 'Integer',
    defaults: ['5242880'],
  },
  'max-bytes': {
    description: 'Limit the amount of total batches read in bytes avoiding reading the whole .log file(s).',
    argument: 'size',
    type: 'Integer',
    defaults: ['2147483647'],
  },
  'deep-iteration': {
    description:
      'If set, uses deep instead of shallow iteration. Automatically set if print-data-log is enabled.',
  },
  'value-decoder-class': {
    description:
      'If set, used to deserialize the messages. This class should implement org.apache.kafka.tools.api.Decoder trait. Custom jar should be available in kafka/libs directory.',
    argument: '',
    optionalValue: true,
    defaults: ['org.apache.kafka.tools.api.StringDecoder'],
  },
  'key-decoder-class': {
    description:
      'If set, used to deserialize the keys. This class should implement org.apache.kafka.tools.api.Decoder trait. Custom jar should be available in kafka/libs directory.',
    argument: '',
    optionalValue: true,
    defaults: ['org.apache.kafka.tools.api.StringDecoder'],
  },
  'offsets-decoder': {
    description: 'If set, log data will be parsed as offset data from the __consumer_offsets topic.',
  },
  'transaction-log-decoder': {
    description:
      'If set, log data will be parsed as transaction metadata from the __transaction_state topic.',
  },
  'cluster-metadata-decoder': { description: 'If set, log data will be parsed as cluster metadata records.' },
  'remote-log-metadata-decoder': {
    description:
      'If set, log data will be parsed as TopicBasedRemoteLogMetadataManager (RLMM) metadata records. Instead, the value-decoder-class option can be used if a custom RLMM implementation is configured.',
  },
  'skip-record-metadata': { description: 'Whether to skip printing metadata for each record.' },
  ...commonOptions,
} as const satisfies OptionSpecs;
