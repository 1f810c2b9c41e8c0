import { OptionError } from './jopt/option-error.ts';
import type { OptionSet } from './jopt/option-set.ts';
import { kafkaConsumerPerfTestOptions as specs } from './options/kafka-consumer-perf-test.ts';
import { messageAndTrace, parseToolArgs, requireOptions, runTool, usageExit } from './tool.ts';

export type ConsumerPerfOptions = OptionSet<keyof typeof specs>;

function parse(args: readonly string[]): ConsumerPerfOptions {
  try {
    return parseToolArgs(specs, 'This tool is used to verify the consumer performance.', args);
  } catch (error) {
    if (error instanceof OptionError) throw usageExit(specs, error.message);
    throw error;
  }
}

/** `kafka-consumer-perf-test.sh`: how fast records are read. */
await runTool(async (args) => {
  const options = parse(args);
  if (options.has('threads') || options.has('num-fetch-threads')) {
    console.log(
      'WARNING: option [threads] and [num-fetch-threads] have been deprecated and will be ignored by the test',
    );
  }
  requireOptions(specs, options, ['topic', 'messages']);
  const { measureConsumer } = await import('./perf/consumer-performance.ts');
  return measureConsumer(options);
}, messageAndTrace);
