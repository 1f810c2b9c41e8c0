import { OptionError } from './jopt/option-error.ts';
import type { OptionSet } from './jopt/option-set.ts';
import { kafkaConsoleShareConsumerOptions as specs } from './options/kafka-console-share-consumer.ts';
import { parseToolArgs, requireOptions, runTool, uncaught, usageExit } from './tool.ts';

export type ConsoleShareConsumerOptions = OptionSet<keyof typeof specs>;

const PURPOSE =
  'This tool helps to read data from Kafka topics using share groups and outputs it to standard output.';

function parse(args: readonly string[]): ConsoleShareConsumerOptions {
  try {
    return parseToolArgs(specs, PURPOSE, args);
  } catch (error) {
    if (error instanceof OptionError) throw usageExit(specs, error.message);
    throw error;
  }
}

/** `ConsoleShareConsumerOptions` of 4.3. */
function check(options: ConsoleShareConsumerOptions): void {
  if (!options.has('topic')) throw usageExit(specs, '--topic is a required argument');
  requireOptions(specs, options, ['bootstrap-server']);
  if (options.has('reject') && options.has('release')) {
    throw usageExit(specs, 'At most one of --reject and --release may be specified.');
  }
  for (const [old, now] of [
    ['consumer-property', 'command-property'],
    ['consumer-config', 'command-config'],
    ['property', 'formatter-property'],
  ] as const) {
    if (!options.has(old)) continue;
    if (options.has(now)) {
      throw usageExit(specs, `Options --${old} and --${now} cannot be specified together.`);
    }
    console.log(
      `Option --${old} is deprecated and will be removed in a future version. Use --${now} instead.`,
    );
  }
}

/** `kafka-console-share-consumer.sh`: records of a topic, as a member of a share group, to standard output. */
await runTool(async (args) => {
  const options = parse(args);
  check(options);
  const { runConsoleShareConsumer } = await import('./console/console-share-consumer.ts');
  return runConsoleShareConsumer(options, (message) => usageExit(specs, message));
}, uncaught);
