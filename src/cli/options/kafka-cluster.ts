import type { ArgSpec, ArgToolSpec } from '../argparse/arg-spec.ts';

const connection: readonly ArgSpec[] = [
  {
    flags: ['--bootstrap-server', '-b'],
    help: 'A list of host/port pairs to use for establishing the connection to the Kafka cluster.',
    group: 'connection',
  },
  {
    flags: ['--bootstrap-controller', '-C'],
    help: 'A list of host/port pairs to use for establishing the connection to the KRaft controllers.',
    group: 'connection',
  },
  {
    flags: ['--config', '-c'],
    help: 'A property file containing configurations for the Admin client.',
  },
];
const groups = { connection: { required: true } } as const;

/** The verbs of Apache's kafka-cluster.sh 3.9.2, with the words of its help text. */
export const kafkaClusterOptions: ArgToolSpec = {
  prog: 'kafka-cluster',
  description: 'The Kafka cluster tool.',
  args: [],
  commands: {
    verbs: {
      'cluster-id': { help: 'Get information about the ID of a cluster.', args: connection, groups },
      unregister: {
        help: 'Unregister a broker.',
        args: [
          ...connection,
          {
            flags: ['--id', '-i'],
            help: 'The ID of the broker to unregister.',
            type: 'Integer',
            required: true,
          },
        ],
        groups,
      },
    },
  },
};
