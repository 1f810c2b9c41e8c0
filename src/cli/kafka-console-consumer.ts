import { OptionError } from './jopt/option-error.ts';
import type { OptionSet } from './jopt/option-set.ts';
import { kafkaConsoleConsumerOptions as specs } from './options/kafka-console-consumer.ts';
import { parseToolArgs, requireOptions, runTool, uncaught, usageExit } from './tool.ts';

export type ConsoleConsumerOptions = OptionSet<keyof typeof specs>;

const PURPOSE = 'This tool helps to read data from Kafka topics and outputs it to standard output.';

function parse(args: readonly string[]): ConsoleConsumerOptions {
  try {
    return parseToolArgs(specs, PURPOSE, args);
  } catch (error) {
    if (error instanceof OptionError) throw usageExit(specs, error.message);
    throw error;
  }
}

/** `ConsoleConsumerOptions.checkRequiredArgs`. */
function check(options: ConsoleConsumerOptions): void {
  const hasPattern = options.has('include') || options.has('whitelist');
  if (options.has('topic') === hasPattern) {
    const going = options.has('whitelist')
      ? '--whitelist is DEPRECATED use --include instead; ignored if --include specified.'
      : '';
    throw usageExit(specs, `Exactly one of --include/--topic is required. ${going}`);
  }
  if (options.number('partition') !== undefined) {
    if (!options.has('topic')) throw usageExit(specs, 'The topic is required when partition is specified.');
    if (options.has('from-beginning') && options.has('offset')) {
      throw usageExit(specs, 'Options from-beginning and offset cannot be specified together.');
    }
  } else if (options.has('offset')) {
    throw usageExit(specs, 'The partition is required when offset is specified.');
  }
  requireOptions(specs, options, ['bootstrap-server']);
}

/** `kafka-console-consumer.sh`: records of topics to standard output. */
await runTool(async (args) => {
  const options = parse(args);
  check(options);
  const { runConsoleConsumer } = await import('./console/console-consumer.ts');
  return runConsoleConsumer(options, (message) => usageExit(specs, message));
}, uncaught);
