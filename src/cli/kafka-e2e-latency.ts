import { messageAndTrace, runTool, ToolExit } from './tool.ts';

const USAGE =
  'USAGE: java org.apache.kafka.tools.EndToEndLatency broker_list topic num_messages producer_acks message_size_bytes [optional] properties_file\n';

/** `kafka-e2e-latency.sh`: how long a record takes from being sent to being read. */
await runTool(async (args) => {
  if (args.length !== 5 && args.length !== 6) throw new ToolExit(1, { stderr: USAGE });
  const { measureLatency } = await import('./perf/end-to-end-latency.ts');
  return measureLatency(args);
}, messageAndTrace);
