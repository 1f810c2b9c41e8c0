import { commonOptions, type OptionSpecs } from '../jopt/option-spec.ts';

/** The options of Apache's kafka-delete-records.sh 3.9.2, with the words of its help text. */
export const kafkaDeleteRecordsOptions = {
  'bootstrap-server': {
    description: 'REQUIRED: The server to connect to.',
    argument: 'server(s) to use for bootstrapping',
  },
  'offset-json-file': {
    description:
      'REQUIRED: The JSON file with offset per partition. The format to use is:\n{"partitions":\n  [{"topic": "foo", "partition": 1, "offset": 1}],\n "version":1\n}',
    argument: 'Offset json file path',
  },
  'command-config': {
    description: 'A property file containing configs to be passed to Admin Client.',
    argument: 'command config property file path',
  },
  ...commonOptions,
} as const satisfies OptionSpecs;
