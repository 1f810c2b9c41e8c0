import type { ArgToolSpec } from '../argparse/arg-spec.ts';

/** The options of Apache's kafka-verifiable-producer.sh 3.9.2, with the words of its help text. */
export const kafkaVerifiableProducerOptions: ArgToolSpec = {
  prog: 'verifiable-producer',
  description:
    'This tool produces increasing integers to the specified topic and prints JSON metadata to stdout on each "send" request, making externally visible which messages have been acked and which have not.',
  showsDefaults: true,
  groups: {
    connectionGroup: {
      required: true,
      title: 'Connection Group',
      description: 'Group of arguments for connection to brokers',
    },
  },
  args: [
    { flags: ['--topic'], help: 'Produce messages to this topic.', metavar: 'TOPIC', required: true },
    {
      flags: ['--bootstrap-server'],
      help: 'REQUIRED: The server(s) to connect to. Comma-separated list of Kafka brokers in the form HOST1:PORT1,HOST2:PORT2,...',
      metavar: 'HOST1:PORT1[,HOST2:PORT2[...]]',
      group: 'connectionGroup',
    },
    {
      flags: ['--broker-list'],
      help: 'DEPRECATED, use --bootstrap-server instead; ignored if --bootstrap-server is specified.  Comma-separated list of Kafka brokers in the form HOST1:PORT1,HOST2:PORT2,...',
      metavar: 'HOST1:PORT1[,HOST2:PORT2[...]]',
      group: 'connectionGroup',
    },
    {
      flags: ['--max-messages'],
      help: 'Produce this many messages. If -1, produce messages until the process is killed externally.',
      metavar: 'MAX-MESSAGES',
      type: 'Integer',
      defaultValue: '-1',
    },
    {
      flags: ['--throughput'],
      help: 'If set >= 0, throttle maximum message throughput to *approximately* THROUGHPUT messages/sec.',
      metavar: 'THROUGHPUT',
      type: 'Integer',
      defaultValue: '-1',
    },
    {
      flags: ['--acks'],
      help: 'Acks required on each produced message. See Kafka docs on acks for details.',
      metavar: 'ACKS',
      type: 'Integer',
      defaultValue: '-1',
      choices: ['0', '1', '-1'],
    },
    { flags: ['--producer.config'], help: 'Producer config properties file.', metavar: 'CONFIG_FILE' },
    {
      flags: ['--message-create-time'],
      help: 'Send messages with creation time starting at the arguments value, in milliseconds since epoch',
      metavar: 'CREATETIME',
      type: 'Long',
      defaultValue: '-1',
    },
    {
      flags: ['--value-prefix'],
      help: 'If specified, each produced value will have this prefix with a dot separator',
      metavar: 'VALUE-PREFIX',
      type: 'Integer',
    },
    {
      flags: ['--repeating-keys'],
      help: 'If specified, each produced record will have a key starting at 0 increment by 1 up to the number specified (exclusive), then the key is set to 0 again',
      metavar: 'REPEATING-KEYS',
      type: 'Integer',
    },
  ],
};
