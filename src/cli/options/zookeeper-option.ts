import type { OptionSpecs } from '../jopt/option-spec.ts';

/** How commands were told of their cluster before 2.2 or so, and tutorials still do. */
export const zookeeperOption = {
  zookeeper: {
    description: 'The ensemble that the brokers are registered at.',
    argument: 'urls',
    hidden: true,
  },
} as const satisfies OptionSpecs;
