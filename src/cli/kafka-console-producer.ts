import { hasPorts } from './host-ports.ts';
import { OptionError } from './jopt/option-error.ts';
import type { OptionSet } from './jopt/option-set.ts';
import { kafkaConsoleProducerOptions as specs } from './options/kafka-console-producer.ts';
import { type FailureText, parseToolArgs, requireOptions, runTool, usageExit } from './tool.ts';

export type ConsoleProducerOptions = OptionSet<keyof typeof specs>;

const PURPOSE = 'This tool helps to read data from standard input and publish it to Kafka.';

function parse(args: readonly string[]): ConsoleProducerOptions {
  try {
    return parseToolArgs(specs, PURPOSE, args);
  } catch (error) {
    // No line about the purpose when there is nothing at all.
    if (error instanceof OptionError) throw usageExit(specs, error.message);
    throw error;
  }
}

/** A value that is not what its option takes is told without the class; everything else with it. */
const failure: FailureText = (error) => (error instanceof OptionError ? error.message : error.toTrace());

/** `kafka-console-producer.sh`: lines of standard input to records of a topic. */
await runTool(async (args) => {
  const options = parse(args);
  requireOptions(specs, options, ['topic']);
  const servers = options.text('bootstrap-server') ?? options.required('broker-list');
  if (!hasPorts(servers)) {
    throw usageExit(specs, 'Please provide valid host:port like host1:9091,host2:9092\n ');
  }
  const { runConsoleProducer } = await import('./console/console-producer.ts');
  return runConsoleProducer(options, servers);
}, failure);
