import { helpOf } from './argparse/arg-texts.ts';
import { parseArgs } from './argparse/parse-args.ts';
import { kafkaVerifiableProducerOptions as tool } from './options/kafka-verifiable-producer.ts';
import { runTool, ToolExit, uncaught } from './tool.ts';

/** `kafka-verifiable-producer.sh`: a producer for tests, whose events are lines of JSON. */
await runTool(async (args) => {
  if (args.length === 0) throw new ToolExit(0, { stdout: helpOf(tool) });
  const values = parseArgs(tool, args);
  const { runVerifiableProducer } = await import('./verifiable/verifiable-producer.ts');
  return runVerifiableProducer(values);
}, uncaught);
