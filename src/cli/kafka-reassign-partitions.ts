import type { OptionSet } from './jopt/option-set.ts';
import { kafkaReassignPartitionsOptions as specs } from './options/kafka-reassign-partitions.ts';
import { parseToolArgs, requireOptions, runTool, uncaught, usageExit } from './tool.ts';

type Name = keyof typeof specs;

export type ReassignOptions = OptionSet<Name>;

const ACTIONS = ['generate', 'execute', 'verify', 'cancel', 'list'] as const;
const REQUIRED: Readonly<Record<(typeof ACTIONS)[number], readonly Name[]>> = {
  generate: ['topics-to-move-json-file', 'broker-list'],
  execute: ['reassignment-json-file'],
  verify: ['reassignment-json-file'],
  cancel: ['reassignment-json-file'],
  list: [],
};
const PERMITTED: Readonly<Record<(typeof ACTIONS)[number], readonly Name[]>> = {
  generate: ['disable-rack-aware'],
  execute: ['additional', 'throttle', 'replica-alter-log-dirs-throttle', 'timeout'],
  verify: ['preserve-throttles'],
  cancel: ['preserve-throttles', 'timeout'],
  list: [],
};

/** Refuses options that are missing or do not go together. Throws ToolExit with the usage. */
function check(options: ReassignOptions): void {
  const [action, ...more] = ACTIONS.filter((name) => options.has(name));
  if (action === undefined || more.length > 0) {
    const all = ACTIONS.map((name) => `--${name}`).join(', ');
    throw usageExit(specs, `Command must include exactly one action: ${all}`);
  }
  if (!options.has('bootstrap-server')) throw usageExit(specs, 'Please specify --bootstrap-server');
  requireOptions(specs, options, REQUIRED[action]);
  const allowed: readonly Name[] = [
    action,
    'bootstrap-server',
    'command-config',
    ...REQUIRED[action],
    ...PERMITTED[action],
  ];
  for (const name of Object.keys(specs) as Name[]) {
    if (!options.has(name) || allowed.includes(name)) continue;
    throw usageExit(specs, `Option "[${name}]" can't be used with action "[${action}]"`);
  }
}

/** `kafka-reassign-partitions.sh`: moves partitions between brokers and log directories. */
await runTool(async (args) => {
  const options: ReassignOptions = parseToolArgs(
    specs,
    'This tool helps to move topic partitions between replicas.',
    args,
  );
  check(options);
  const { reassignPartitions } = await import('./kafka/reassign-partitions.ts');
  await reassignPartitions(options);
  return 0;
}, uncaught);
