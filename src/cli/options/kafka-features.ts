import type { ArgSpec, ArgToolSpec } from '../argparse/arg-spec.ts';

const unsafe = (help: string): ArgSpec => ({ flags: ['--unsafe'], help, takes: 'flag' });
const dryRun = (help: string): ArgSpec => ({ flags: ['--dry-run'], help, takes: 'flag' });
const feature = (help: string): ArgSpec => ({ flags: ['--feature'], help, takes: 'each' });

/** The verbs of Apache's kafka-features.sh 3.9.2, with the words of its help text. */
export const kafkaFeaturesOptions: ArgToolSpec = {
  prog: 'kafka-features',
  description: 'This tool manages feature flags in Kafka.',
  groups: { connection: { required: true } },
  args: [
    {
      flags: ['--bootstrap-server'],
      help: 'A comma-separated list of host:port pairs to use for establishing the connection to the Kafka cluster.',
      group: 'connection',
    },
    {
      flags: ['--bootstrap-controller'],
      help: 'A comma-separated list of host:port pairs to use for establishing the connection to the KRaft quorum.',
      group: 'connection',
    },
    {
      flags: ['--command-config'],
      help: 'Property file containing configs to be passed to Admin Client.',
    },
  ],
  commands: {
    verbs: {
      describe: { help: 'Describes the current active feature flags.', args: [] },
      upgrade: {
        help: 'Upgrade one or more feature flags.',
        args: [
          {
            flags: ['--metadata'],
            help: 'The level to which we should upgrade the metadata. For example, 3.3-IV3.',
          },
          feature(
            'A feature upgrade we should perform, in feature=level format. For example: `metadata.version=5`.',
          ),
          dryRun('Validate this upgrade, but do not perform it.'),
        ],
      },
      downgrade: {
        help: 'Upgrade one or more feature flags.',
        args: [
          {
            flags: ['--metadata'],
            help: 'The level to which we should downgrade the metadata. For example, 3.3-IV0.',
          },
          feature(
            'A feature downgrade we should perform, in feature=level format. For example: `metadata.version=5`.',
          ),
          unsafe('Perform this downgrade even if it may irreversibly destroy metadata.'),
          dryRun('Validate this downgrade, but do not perform it.'),
        ],
      },
      disable: {
        help: 'Disable one or more feature flags. This is the same as downgrading the version to zero.',
        args: [
          feature('A feature flag to disable.'),
          unsafe('Disable this feature flag even if it may irreversibly destroy metadata.'),
          dryRun('Perform a dry-run of this disable operation.'),
        ],
      },
    },
  },
};
