import type { ArgToolSpec } from '../argparse/arg-spec.ts';

/** The options of Apache's kafka-producer-perf-test.sh 3.9.2, with the words of its help text. */
export const kafkaProducerPerfTestOptions: ArgToolSpec = {
  prog: 'producer-performance',
  description: 'This tool is used to verify the producer performance.',
  showsDefaults: true,
  groups: {
    payloadOptions: {
      required: true,
      description: 'either --record-size or --payload-file must be specified but not both.',
    },
  },
  args: [
    { flags: ['--topic'], help: 'produce messages to this topic', metavar: 'TOPIC', required: true },
    {
      flags: ['--num-records'],
      help: 'number of messages to produce',
      metavar: 'NUM-RECORDS',
      required: true,
      type: 'Long',
    },
    {
      flags: ['--record-size'],
      help: 'message size in bytes. Note that you must provide exactly one of --record-size or --payload-file or --payload-monotonic.',
      metavar: 'RECORD-SIZE',
      type: 'Integer',
      group: 'payloadOptions',
    },
    {
      flags: ['--payload-file'],
      help: 'file to read the message payloads from. This works only for UTF-8 encoded text files. Payloads will be read from this file and a payload will be randomly selected when sending messages. Note that you must provide exactly one of --record-size or --payload-file or --payload-monotonic.',
      metavar: 'PAYLOAD-FILE',
      group: 'payloadOptions',
    },
    {
      flags: ['--payload-monotonic'],
      help: 'payload is monotonically increasing integer. Note that you must provide exactly one of --record-size or --payload-file or --payload-monotonic.',
      takes: 'flag',
      group: 'payloadOptions',
    },
    {
      flags: ['--payload-delimiter'],
      help: 'provides delimiter to be used when --payload-file is provided. Defaults to new line. Note that this parameter will be ignored if --payload-file is not provided.',
      metavar: 'PAYLOAD-DELIMITER',
      defaultValue: '\\n',
    },
    {
      flags: ['--throughput'],
      help: 'throttle maximum message throughput to *approximately* THROUGHPUT messages/sec. Set this to -1 to disable throttling.',
      metavar: 'THROUGHPUT',
      required: true,
      type: 'Double',
    },
    {
      flags: ['--producer-props'],
      help: 'kafka producer related configuration properties like bootstrap.servers,client.id etc. These configs take precedence over those passed via --producer.config.',
      metavar: 'PROP-NAME=PROP-VALUE',
      takes: 'many',
    },
    { flags: ['--producer.config'], help: 'producer config properties file.', metavar: 'CONFIG-FILE' },
    { flags: ['--print-metrics'], help: 'print out metrics at the end of the test.', takes: 'flag' },
    {
      flags: ['--transactional-id'],
      help: 'The transactionalId to use if transaction-duration-ms is > 0. Useful when testing the performance of concurrent transactions.',
      metavar: 'TRANSACTIONAL-ID',
      defaultValue: 'performance-producer-default-transactional-id',
    },
    {
      flags: ['--transaction-duration-ms'],
      help: 'The max age of each transaction. The commitTransaction will be called after this time has elapsed. Transactions are only enabled if this value is positive.',
      metavar: 'TRANSACTION-DURATION',
      type: 'Long',
      defaultValue: '0',
    },
  ],
};
