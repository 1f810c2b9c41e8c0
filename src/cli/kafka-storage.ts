import { parseArgs } from './argparse/parse-args.ts';
import { CliError } from './failure.ts';
import { kafkaStorageOptions } from './options/kafka-storage.ts';
import { runTool, uncaught } from './tool.ts';

/** `kafka-storage.sh`: of its verbs only `random-uuid` means something with ZooKeeper. */
await runTool(async (args) => {
  const [verb] = args;
  if (verb === 'format' || verb === 'info') {
    throw new CliError(
      `kafka-storage ${verb} is for clusters without ZooKeeper (KRaft): a broker of this system makes its log directories by itself when it starts`,
    );
  }
  parseArgs(kafkaStorageOptions, args);
  const { createNodeEnv } = await import('../env/node/create-node-env.ts');
  const bytes = createNodeEnv().random.bytes(16);
  // A random UUID of version 4, as Java's UUID.randomUUID().
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  console.log(bytes.toString('base64url'));
  return 0;
}, uncaught);
