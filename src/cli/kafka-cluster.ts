import { parseArgs } from './argparse/parse-args.ts';
import { refuseControllers } from './not-here.ts';
import { kafkaClusterOptions } from './options/kafka-cluster.ts';
import { messageAndTrace, runTool } from './tool.ts';

/** `kafka-cluster.sh`: the id of a cluster; on clusters without ZooKeeper it also has them forget brokers. */
await runTool(async (args) => {
  const values = parseArgs(kafkaClusterOptions, args);
  refuseControllers('kafka-cluster', values);
  const from = {
    bootstrapServers: values.required('bootstrap-server'),
    commandConfig: values.text('config'),
  };
  const { printClusterId, unregisterBroker } = await import('./kafka/cluster.ts');
  if (values.verb === 'cluster-id') await printClusterId(from);
  else await unregisterBroker(from, Number(values.required('id')));
  return 0;
}, messageAndTrace);
