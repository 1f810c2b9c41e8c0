import { helpOf } from './argparse/arg-texts.ts';
import { parseArgs } from './argparse/parse-args.ts';
import { kafkaVerifiableConsumerOptions as tool } from './options/kafka-verifiable-consumer.ts';
import { runTool, ToolExit, uncaught } from './tool.ts';

/** `kafka-verifiable-consumer.sh`: a consumer for tests, whose events are lines of JSON. */
await runTool(async (args) => {
  if (args.length === 0) throw new ToolExit(0, { stdout: helpOf(tool) });
  const values = parseArgs(tool, args);
  const { runVerifiableConsumer } = await import('./verifiable/verifiable-consumer.ts');
  return runVerifiableConsumer(values);
}, uncaught);
