import { commonOptions, type OptionSpecs } from '../jopt/option-spec.ts';

/** The options of Apache's kafka-broker-api-versions.sh 3.9.2, with the words of its help text. */
export const kafkaBrokerApiVersionsOptions = {
  'command-config': {
    description: 'A property file containing configs to be passed to Admin Client.',
    argument: 'command config property file',
  },
  'bootstrap-server': {
    description: 'REQUIRED: The server to connect to.',
    argument: 'server(s) to use for bootstrapping',
  },
  ...commonOptions,
} as const satisfies OptionSpecs;
