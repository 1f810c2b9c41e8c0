import type { OptionSet } from './jopt/option-set.ts';
import { kafkaDeleteRecordsOptions as specs } from './options/kafka-delete-records.ts';
import { messageAndTrace, parseToolArgs, requireOptions, runTool } from './tool.ts';

export type DeleteRecordsOptions = OptionSet<keyof typeof specs>;

const PURPOSE = 'This tool helps to delete records of the given partitions down to the specified offset.';

/** `kafka-delete-records.sh`: deletes the records of partitions before offsets that a JSON file names. */
await runTool(async (args) => {
  const options: DeleteRecordsOptions = parseToolArgs(specs, PURPOSE, args);
  requireOptions(specs, options, ['bootstrap-server', 'offset-json-file']);
  const { deleteRecords } = await import('./kafka/delete-records.ts');
  await deleteRecords(options);
  return 0;
}, messageAndTrace);
