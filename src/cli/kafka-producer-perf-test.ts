import { helpOf } from './argparse/arg-texts.ts';
import { argError, parseArgs } from './argparse/parse-args.ts';
import { kafkaProducerPerfTestOptions as tool } from './options/kafka-producer-perf-test.ts';
import { runTool, ToolExit, uncaught } from './tool.ts';

/** `kafka-producer-perf-test.sh`: how fast records are taken. */
await runTool(async (args) => {
  if (args.length === 0) throw new ToolExit(0, { stdout: helpOf(tool) });
  const values = parseArgs(tool, args);
  if (!values.has('producer-props') && !values.has('producer.config')) {
    throw argError(tool, 'Either --producer-props or --producer.config must be specified.');
  }
  const { measureProducer } = await import('./perf/producer-performance.ts');
  return measureProducer(values);
}, uncaught);
