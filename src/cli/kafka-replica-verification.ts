import { requireHostPorts } from './host-ports.ts';
import type { OptionSet } from './jopt/option-set.ts';
import { logLine } from './log-line.ts';
import { kafkaReplicaVerificationOptions as specs } from './options/kafka-replica-verification.ts';
import { forbidBeside, messageAndTrace, parseToolArgs, requireOptions, runTool } from './tool.ts';

export type ReplicaVerificationOptions = OptionSet<keyof typeof specs>;

const PURPOSE = 'Validate that all replicas for a set of topics have the same data.';
const LOGGER = 'org.apache.kafka.tools.ReplicaVerificationTool';

/** `kafka-replica-verification.sh`: compares the replicas of partitions until it is stopped. */
await runTool(async (args) => {
  logLine('WARN', 'This tool is deprecated and may be removed in a future major release.', LOGGER);
  const options: ReplicaVerificationOptions = parseToolArgs(specs, PURPOSE, args);
  requireOptions(specs, options, ['broker-list']);
  forbidBeside(specs, options, 'topics-include', ['topic-white-list']);
  const bootstrapServers = options.required('broker-list');
  requireHostPorts(specs, bootstrapServers);
  const { runVerification } = await import('./kafka/verify-replicas.ts');
  return runVerification(options, bootstrapServers);
}, messageAndTrace);
