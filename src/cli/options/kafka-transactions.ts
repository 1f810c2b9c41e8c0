import type { ArgSpec, ArgToolSpec } from '../argparse/arg-spec.ts';
import { KAFKA_VERSION } from '../kafka-version.ts';

const topic: ArgSpec = { flags: ['--topic'], help: 'topic name', required: true };
const partition: ArgSpec = { flags: ['--partition'], help: 'partition number', type: 'Integer' };

/** The verbs of Apache's kafka-transactions.sh 3.9.2, with the words of its help text. */
export const kafkaTransactionsOptions: ArgToolSpec = {
  prog: 'kafka-transactions.sh',
  description:
    'This tool is used to analyze the transactional state of producers in the cluster. It can be used to detect and recover from hanging transactions.',
  // As Apache's build of that version names itself.
  version: `${KAFKA_VERSION} (Commit:5e9866f43ab8e7e4)`,
  args: [
    {
      flags: ['-v', '--version'],
      help: 'show the version of this Kafka distribution and exit',
      takes: 'version',
    },
    {
      flags: ['--command-config'],
      help: 'property file containing configs to be passed to admin client',
      metavar: 'FILE',
    },
    {
      flags: ['--bootstrap-server'],
      help: 'hostname and port for the broker to connect to, in the form `host:port`  (multiple comma-separated entries can be given)',
      metavar: 'host:port',
      required: true,
    },
  ],
  commands: {
    title: 'commands',
    metavar: 'COMMAND',
    verbs: {
      list: {
        help: 'list transactions',
        args: [
          {
            flags: ['--duration-filter'],
            help: 'Duration (in millis) to filter by: if < 0, all transactions will be returned; otherwise, only transactions running longer than this duration will be returned',
            type: 'Long',
          },
        ],
      },
      describe: {
        help: 'describe the state of an active transactional-id',
        description: 'Describe the state of an active transactional-id.',
        args: [{ flags: ['--transactional-id'], help: 'transactional id', required: true }],
      },
      'describe-producers': {
        help: 'describe the states of active producers for a topic partition',
        args: [
          {
            flags: ['--broker-id'],
            help: 'optional broker id to describe the producer state on a specific replica',
            type: 'Integer',
          },
          topic,
          { ...partition, required: true },
        ],
      },
      abort: {
        help: 'abort a hanging transaction (requires administrative privileges)',
        args: [
          topic,
          { ...partition, required: true },
          {
            flags: ['--start-offset'],
            help: 'start offset of the transaction to abort',
            type: 'Long',
            group: 'newer',
          },
          { flags: ['--producer-id'], help: 'producer id', type: 'Long', group: 'older' },
          { flags: ['--producer-epoch'], help: 'producer epoch', type: 'Short', group: 'older' },
          { flags: ['--coordinator-epoch'], help: 'coordinator epoch', type: 'Integer', group: 'older' },
        ],
        groups: {
          newer: {
            title: 'Brokers on versions 3.0 and above',
            description:
              'For newer brokers, only the start offset of the transaction to be aborted is required',
            isOpen: true,
          },
          older: {
            title: 'Brokers on versions older than 3.0',
            description: 'For older brokers, you must provide all of these arguments',
            isOpen: true,
          },
        },
      },
      'find-hanging': {
        help: 'find hanging transactions',
        args: [
          {
            flags: ['--broker-id'],
            help: 'broker id to search for hanging transactions',
            type: 'Integer',
          },
          {
            flags: ['--max-transaction-timeout'],
            help: 'maximum transaction timeout in minutes to limit the scope of the search (15 minutes by default)',
            type: 'Integer',
            defaultValue: '15',
          },
          {
            flags: ['--topic'],
            help: 'topic name to limit search to (required if --partition is specified)',
          },
          partition,
        ],
      },
    },
  },
};
