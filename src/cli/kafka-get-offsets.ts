import { requireHostPorts } from './host-ports.ts';
import { TERSE_EXCEPTION } from './java-error.ts';
import { OptionError } from './jopt/option-error.ts';
import type { OptionSet } from './jopt/option-set.ts';
import { kafkaGetOffsetsOptions as specs } from './options/kafka-get-offsets.ts';
import { parseToolArgs, requireOptions, runTool, usageExit } from './tool.ts';

export type GetOffsetsOptions = OptionSet<keyof typeof specs>;

const PURPOSE = 'An interactive shell for getting topic-partition offsets.';

/** `kafka-get-offsets.sh` (`kafka.tools.GetOffsetShell`): offsets at the ends of partitions, or at a time. */
await runTool(
  async (args) => {
    if (args.length === 0) throw usageExit(specs, PURPOSE);
    const options: GetOffsetsOptions = parseToolArgs(specs, PURPOSE, args);
    const flag = options.has('bootstrap-server') ? 'bootstrap-server' : 'broker-list';
    requireOptions(specs, options, [flag]);
    const bootstrapServers = options.required(flag);
    requireHostPorts(specs, bootstrapServers);
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
