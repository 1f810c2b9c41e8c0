import type { ArgToolSpec } from '../argparse/arg-spec.ts';

/** The verbs of Apache's kafka-storage.sh 3.9.2, with the words of its help text. */
export const kafkaStorageOptions: ArgToolSpec = {
  prog: 'kafka-storage',
  description: 'The Kafka storage tool.',
  helpExitCode: 0,
  args: [],
  commands: {
    verbs: {
      info: { help: 'Get information about the Kafka log directories on this node.', args: [] },
      format: { help: 'Format the Kafka log directories on this node.', args: [] },
      'random-uuid': { help: 'Print a random UUID.', args: [] },
    },
  },
};
