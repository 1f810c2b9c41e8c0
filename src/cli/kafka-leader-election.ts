import { JavaError } from './java-error.ts';
import type { OptionSet } from './jopt/option-set.ts';
import { kafkaLeaderElectionOptions as specs } from './options/kafka-leader-election.ts';
import { messageAndTrace, parseToolArgs, runTool } from './tool.ts';

export type LeaderElectionOptions = OptionSet<keyof typeof specs>;

const PURPOSE =
  'This tool attempts to elect a new leader for a set of topic partitions. The type of elections supported are preferred replicas and unclean replicas.';

const failed = (message: string) =>
  new JavaError('org.apache.kafka.server.common.AdminCommandFailedException', message);

function check(options: LeaderElectionOptions): void {
  const missing = (['bootstrap-server', 'election-type'] as const).filter((name) => !options.has(name));
  if (missing.length > 0) throw failed(`Missing required option(s): ${missing.join(', ')}`);
  const choices = ['topic', 'all-topic-partitions', 'path-to-json-file'] as const;
  if (choices.filter((name) => options.has(name)).length !== 1) {
    throw failed(`One and only one of the following options is required: ${choices.join(', ')}`);
  }
  if (options.has('topic') && !options.has('partition')) {
    throw failed('Missing required option(s): partition');
  }
  if (!options.has('topic') && options.has('partition')) {
    throw failed('Option partition is only allowed if topic is used');
  }
}

/** `kafka-leader-election.sh`: has preferred replicas, or any that live, lead partitions. */
await runTool(async (args) => {
  const options: LeaderElectionOptions = parseToolArgs(specs, PURPOSE, args);
  check(options);
  const { electLeaders } = await import('./kafka/leader-election.ts');
  await electLeaders(options);
  return 0;
}, messageAndTrace);
