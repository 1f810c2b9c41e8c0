import { OptionError } from './jopt/option-error.ts';
import type { OptionSet } from './jopt/option-set.ts';
import { kafkaShareConsumerPerfTestOptions as specs } from './options/kafka-share-consumer-perf-test.ts';
import { forbidBeside, messageAndTrace, parseToolArgs, requireOptions, runTool, usageExit } from './tool.ts';

export type ShareConsumerPerfOptions = OptionSet<keyof typeof specs>;

function parse(args: readonly string[]): ShareConsumerPerfOptions {
  try {
    return parseToolArgs(specs, 'This tool is used to verify the share consumer performance.', args);
  } catch (error) {
    if (error instanceof OptionError) throw usageExit(specs, error.message);
    throw error;
  }
}

/** `kafka-share-consumer-perf-test.sh`: how fast share consumers read records. */
await runTool(async (args) => {
  const options = parse(args);
  requireOptions(specs, options, ['topic', 'bootstrap-server']);
  if (options.has('messages') === options.has('num-records')) {
    throw usageExit(specs, 'Exactly one of the following arguments is required: [messages], [num-records]');
  }
  forbidBeside(specs, options, 'consumer.config', ['command-config']);
  if (options.has('messages')) console.log('Warning: --messages is deprecated. Use --num-records instead.');
  if (options.has('consumer.config')) {
    console.log('Warning: --consumer.config is deprecated. Use --command-config instead.');
  }
  const { measureShareConsumers } = await import('./perf/share-consumer-performance.ts');
  return measureShareConsumers(options);
}, messageAndTrace);
