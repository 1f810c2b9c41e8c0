import { parseArgs } from './argparse/parse-args.ts';
import { refuseControllers } from './not-here.ts';
import { kafkaFeaturesOptions } from './options/kafka-features.ts';
import { messageOnly, runTool } from './tool.ts';

/** `kafka-features.sh`: the features that brokers support and a cluster has agreed upon. */
await runTool(async (args) => {
  const values = parseArgs(kafkaFeaturesOptions, args);
  refuseControllers('kafka-features', values);
  const { describeFeatures, updateFeatures } = await import('./kafka/features.ts');
  const from = {
    bootstrapServers: values.required('bootstrap-server'),
    commandConfig: values.text('command-config'),
  };
  if (values.verb === 'describe') await describeFeatures(from);
  else await updateFeatures(from, values);
  return 0;
}, messageOnly);
