import { commonOptions, type OptionSpecs } from '../jopt/option-spec.ts';

/** The options of Apache's kafka-leader-election.sh 3.9.2, with the words of its help text. */
export const kafkaLeaderElectionOptions = {
  'bootstrap-server': {
    description:
      'A hostname and port for the broker to connect to, in the form host:port. Multiple comma separated URLs can be given. REQUIRED.',
    argument: 'host:port',
  },
  'admin.config': {
    description: 'Configuration properties files to pass to the admin client',
    argument: 'config file',
  },
  'path-to-json-file': {
    description:
      'The JSON file with the list  of partition for which leader elections should be performed. This is an example format. \n{"partitions":\n\t[{"topic": "foo", "partition": 1},\n\t {"topic": "foobar", "partition": 2}]\n}\nNot allowed if --all-topic-partitions or --topic flags are specified.',
    argument: 'Path to JSON file',
  },
  topic: {
    description:
      'Name of topic for which to perform an election. Not allowed if --path-to-json-file or --all-topic-partitions is specified.',
    argument: 'topic name',
  },
  partition: {
    description: 'Partition id for which to perform an election. REQUIRED if --topic is specified.',
    argument: 'partition id',
    type: 'Integer',
  },
  'all-topic-partitions': {
    description:
      'Perform election on all of the eligible topic partitions based on the type of election (see the --election-type flag). Not allowed if --topic or --path-to-json-file is specified.',
  },
  'election-type': {
    description:
      'Type of election to attempt. Possible values are "preferred" for preferred leader election or "unclean" for unclean leader election. If preferred election is selection, the election is only performed if the current leader is not the preferred leader for the topic partition. If unclean election is selected, the election is only performed if there are no leader for the topic partition. REQUIRED.',
    argument: 'election type',
    type: '[PREFERRED,UNCLEAN]',
  },
  ...commonOptions,
} as const satisfies OptionSpecs;
