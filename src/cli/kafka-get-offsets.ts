import { TERSE_EXCEPTION } from './java-error.ts';
import { OptionError } from './jopt/option-error.ts';
import type { OptionSet } from './jopt/option-set.ts';
import { kafkaGetOffsetsOptions as specs } from './options/kafka-get-offsets.ts';
import { parseToolArgs, requireOptions, runTool, usageExit } from './tool.ts';

export type GetOffsetsOptions = OptionSet<keyof typeof specs>;

const PURPOSE = 'An interactive shell for getting topic-partition offsets.';

/** `ToolsUtils.validateBootstrapServer`. */
function checkAddresses(text: string): void {
  const addresses = text.includes(',') ? text.split(',') : [text];
  const hasPort = (address: string) => /^.*?\[?[0-9a-zA-Z\-%._:]*\]?:\d+$/.test(address);
  if (text.trim() === '') throw usageExit(specs, 'Error while validating the bootstrap address\n');
  if (!addresses.every(hasPort)) {
    throw usageExit(specs, 'Please provide valid host:port like host1:9091,host2:9092\n');
  }
}

/** `kafka-get-offsets.sh` (`kafka.tools.GetOffsetShell`): offsets at the ends of partitions, or at a time. */
await runTool(
  async (args) => {
    if (args.length === 0) throw usageExit(specs, PURPOSE);
    const options: GetOffsetsOptions = parseToolArgs(specs, PURPOSE, args);
    const flag = options.has('bootstrap-server') ? 'bootstrap-server' : 'broker-list';
    requireOptions(specs, options, [flag]);
    const bootstrapServers = options.required(flag);
    checkAddresses(bootstrapServers);
    const { printOffsets } = await import('./kafka/get-offsets.ts');
    await printOffsets(options, bootstrapServers);
    return 0;
  },
  // What the user did wrong gets one line, without the class of the exception.
  (error) => {
    const isTerse = error instanceof OptionError || error.javaClass === TERSE_EXCEPTION;
    return `Error occurred: ${error.message}${isTerse ? '' : `\n${error.toTrace()}\n`}`;
  },
);
