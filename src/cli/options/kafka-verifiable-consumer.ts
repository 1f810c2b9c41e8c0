import type { ArgToolSpec } from '../argparse/arg-spec.ts';

/** The options of Apache's kafka-verifiable-consumer.sh 3.9.2, with the words of its help text. */
export const kafkaVerifiableConsumerOptions: ArgToolSpec = {
  prog: 'verifiable-consumer',
  description:
    'This tool consumes messages from a specific topic and emits consumer events (e.g. group rebalances, received messages, and offsets committed) as JSON objects to STDOUT.',
  showsDefaults: true,
  groups: {
    connectionGroup: {
      required: true,
      title: 'Connection Group',
      description: 'Group of arguments for connection to brokers',
    },
  },
  args: [
    {
      flags: ['--bootstrap-server'],
      help: 'REQUIRED unless --broker-list(deprecated) is specified. The server(s) to connect to. Comma-separated list of Kafka brokers in the form HOST1:PORT1,HOST2:PORT2,...',
      metavar: 'HOST1:PORT1[,HOST2:PORT2[...]]',
      group: 'connectionGroup',
    },
    {
      flags: ['--broker-list'],
      help: 'DEPRECATED, use --bootstrap-server instead; ignored if --bootstrap-server is specified.  Comma-separated list of Kafka brokers in the form HOST1:PORT1,HOST2:PORT2,...',
      metavar: 'HOST1:PORT1[,HOST2:PORT2[...]]',
      group: 'connectionGroup',
    },
    { flags: ['--topic'], help: 'Consumes messages from this topic.', metavar: 'TOPIC', required: true },
    {
      flags: ['--group-protocol'],
      help: 'Group protocol (must be one of CLASSIC, CONSUMER)',
      metavar: 'GROUP_PROTOCOL',
      defaultValue: 'classic',
    },
    {
      flags: ['--group-remote-assignor'],
      help: 'Group remote assignor; only used if the group protocol is CONSUMER',
      metavar: 'GROUP_REMOTE_ASSIGNOR',
    },
    {
      flags: ['--group-id'],
      help: 'The groupId shared among members of the consumer group',
      metavar: 'GROUP_ID',
      required: true,
    },
    {
      flags: ['--group-instance-id'],
      help: 'A unique identifier of the consumer instance',
      metavar: 'GROUP_INSTANCE_ID',
    },
    {
      flags: ['--max-messages'],
      help: 'Consume this many messages. If -1 (the default), the consumer will consume until the process is killed externally',
      metavar: 'MAX-MESSAGES',
      type: 'Integer',
      defaultValue: '-1',
    },
    {
      flags: ['--session-timeout'],
      help: "Set the consumer's session timeout",
      metavar: 'TIMEOUT_MS',
      type: 'Integer',
      defaultValue: '30000',
    },
    { flags: ['--verbose'], help: 'Enable to log individual consumed records', takes: 'flag' },
    { flags: ['--enable-autocommit'], help: 'Enable offset auto-commit on consumer', takes: 'flag' },
    {
      flags: ['--reset-policy'],
      help: "Set reset policy (must be either 'earliest', 'latest', or 'none'",
      metavar: 'RESETPOLICY',
      defaultValue: 'earliest',
    },
    {
      flags: ['--assignment-strategy'],
      help: 'Set assignment strategy (e.g. org.apache.kafka.clients.consumer.RoundRobinAssignor); only used if the group protocol is CLASSIC',
      metavar: 'ASSIGNMENTSTRATEGY',
      defaultValue: 'org.apache.kafka.clients.consumer.RangeAssignor',
    },
    {
      flags: ['--consumer.config'],
      help: 'Consumer config properties file (config options shared with command line parameters will be overridden).',
      metavar: 'CONFIG_FILE',
    },
  ],
};
