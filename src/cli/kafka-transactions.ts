import { parseArgs } from './argparse/parse-args.ts';
import { kafkaTransactionsOptions } from './options/kafka-transactions.ts';
import { runTool, ToolExit, uncaught } from './tool.ts';

/** `kafka-transactions.sh`: lists and describes transactions, finds those that hang and ends them. */
await runTool(async (args) => {
  const values = parseArgs(kafkaTransactionsOptions, args);
  const { runTransactions } = await import('./kafka/transactions.ts');
  await runTransactions(values, (message) => new ToolExit(1, { stderr: `${message}\n` }));
  return 0;
}, uncaught);
