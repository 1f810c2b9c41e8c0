import { TERSE_EXCEPTION } from './java-error.ts';
import type { OptionSet } from './jopt/option-set.ts';
import { kafkaLogDirsOptions as specs } from './options/kafka-log-dirs.ts';
import { messageAndTrace, messageOnly, parseToolArgs, requireOptions, runTool } from './tool.ts';

export type LogDirsOptions = OptionSet<keyof typeof specs>;

const PURPOSE = 'This tool helps to query log directory usage on the specified brokers.';

/** `kafka-log-dirs.sh`: what is in the log directories of brokers, as JSON. */
await runTool(
  async (args) => {
    const options: LogDirsOptions = parseToolArgs(specs, PURPOSE, args);
    requireOptions(specs, options, ['bootstrap-server', 'describe']);
    const { describeLogDirs } = await import('./kafka/log-dirs.ts');
    await describeLogDirs(options);
    return 0;
  },
  (error) => (error.javaClass === TERSE_EXCEPTION ? messageOnly(error) : messageAndTrace(error)),
);
