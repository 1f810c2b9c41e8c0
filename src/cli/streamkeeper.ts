import { Command, CommanderError } from 'commander';
import {
  declareAdminVerbs,
  declareCompletion,
  declareDoctor,
  declareRecordVerbs,
  declareStart,
  declareZooKeeperVerbs,
} from './verbs/declare.ts';
import { createOutput, EXIT } from './verbs/verb.ts';

/** `streamkeeper`: one command with verbs. Alone, or with options of `start`, it starts the servers. */
function createProgram(json: boolean): Command {
  const program = new Command('streamkeeper')
    .description('Apache ZooKeeper and Kafka without a JVM')
    .exitOverride()
    // With --json, what is wrong with the command line is an object, too.
    .configureOutput({ outputError: (text, write) => (json ? undefined : write(text)) });
  declareStart(program);
  declareAdminVerbs(program);
  declareRecordVerbs(program);
  declareZooKeeperVerbs(program);
  declareDoctor(program);
  declareCompletion(program);
  return program;
}

function withDefaultVerb(args: readonly string[]): readonly string[] {
  const [first] = args;
  const isOption = first === undefined || (first.startsWith('-') && first !== '--help' && first !== '-h');
  return isOption ? ['start', ...args] : args;
}

const args = process.argv.slice(2);
const json = args.includes('--json');
try {
  await createProgram(json).parseAsync(withDefaultVerb(args), { from: 'user' });
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  const isHelp = error.exitCode === 0 || error.code === 'commander.help';
  if (!isHelp && json) createOutput(true).error('USAGE', error.message.replace(/^error: /, ''));
  process.exitCode = isHelp ? error.exitCode && EXIT.usage : EXIT.usage;
}
