import { commonOptions, type OptionSpecs } from '../jopt/option-spec.ts';

/** The options of Apache's kafka-log-dirs.sh 3.9.2, with the words of its help text. */
export const kafkaLogDirsOptions = {
  'bootstrap-server': {
    description: 'REQUIRED: the server(s) to use for bootstrapping',
    argument: 'The server(s) to use for bootstrapping',
  },
  'command-config': {
    description: 'Property file containing configs to be passed to Admin Client.',
    argument: 'Admin client property file',
  },
  describe: { description: 'Describe the specified log directories on the specified brokers.' },
  'topic-list': {
    description:
      'The list of topics to be queried in the form "topic1,topic2,topic3". All topics will be queried if no topic list is specified',
    argument: 'Topic list',
    defaults: [''],
  },
  'broker-list': {
    description:
      'The list of brokers to be queried in the form "0,1,2". All brokers in the cluster will be queried if no broker list is specified',
    argument: 'Broker list',
    defaults: [''],
  },
  ...commonOptions,
} as const satisfies OptionSpecs;
