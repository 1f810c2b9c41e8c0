import type { OptionSet } from './jopt/option-set.ts';
import { kafkaDumpLogOptions as specs } from './options/kafka-dump-log.ts';
import { parseToolArgs, requireOptions, runTool, uncaught } from './tool.ts';

export type DumpLogOptions = OptionSet<keyof typeof specs>;

const PURPOSE =
  'This tool helps to parse a log file and dump its contents to the console, useful for debugging a seemingly corrupt log segment.';

/** `kafka-dump-log.sh`: the contents of segments, their indexes and snapshots. Reads files, changes none. */
await runTool(async (args) => {
  const options: DumpLogOptions = parseToolArgs(specs, PURPOSE, args);
  requireOptions(specs, options, ['files']);
  const { dumpFiles } = await import('./dump-log/dump-files.ts');
  dumpFiles(options);
  return 0;
}, uncaught);
