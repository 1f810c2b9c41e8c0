import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { run } from '../../../tools/peers/process.ts';
import { startApache } from '../../../tools/peers/targets.ts';
import { versions } from '../../../tools/peers/toolbox.ts';
import { Workspace } from '../../../tools/workspace.ts';
import { type Context, lastLine, type Scenario } from '../scenario.ts';

/** A program of `test/compat/node` that imports kafkajs, and what it is called with behind the bootstrap servers. */
interface Program {
  readonly file: string;
  readonly args: (context: Context) => readonly string[];
  /** Whether it prints the same in every run, with kafkajs and with what takes its place. */
  readonly isComparable: boolean;
}

const EXAMPLES: Program = {
  file: 'kafkajs-examples.mjs',
  args: ({ quick }) => [quick ? '100' : '1000'],
  isComparable: true,
};
const EXAMPLES_WITH_TRANSACTIONS: Program = {
  ...EXAMPLES,
  args: (context) => [...EXAMPLES.args(context), 'transactions'],
};
const NEST: Program = { file: 'nestjs.mjs', args: ({ quick }) => [quick ? '20' : '200'], isComparable: true };
const CODECS: Program = {
  file: 'kafkajs.mjs',
  args: ({ quick }) => [quick ? '100' : '2000'],
  isComparable: false,
};

/** Runs a program unchanged with what takes kafkajs's place; and with kafkajs itself, where both can be compared. */
async function play(context: Context, bootstrap: string, program: Program): Promise<string> {
  const { dir, node } = await context.toolbox.node();
  const args = [join(dir, program.file), bootstrap, ...program.args(context)];
  const ours = pathToFileURL(join(context.toolbox.root, 'dist/bundle/kafkajs.js')).href;
  const { stdout } = await run(node, ['--import', join(dir, 'kafkajs-is-ours.mjs'), ...args], {
    cwd: dir,
    env: { ...process.env, STREAMKEEPER_KAFKAJS: ours },
  });
  if (program.isComparable) {
    const theirs = await run(node, args, { cwd: dir });
    assert.equal(lastLine(stdout), lastLine(theirs.stdout), `${program.file} sees what it sees with kafkajs`);
  }
  return lastLine(stdout);
}

async function playAllOnApache(context: Context): Promise<string> {
  const workspace = new Workspace();
  const server = await startApache(context.toolbox, workspace);
  try {
    for (const program of [EXAMPLES_WITH_TRANSACTIONS, NEST, CODECS]) {
      context.say(program.file);
      await play(context, server.bootstrap, program);
    }
    return 'examples with transactions, NestJS and all codecs as with kafkajs';
  } finally {
    await server.stop('SIGKILL');
    workspace.remove();
  }
}

const onShared = (name: string, shows: string, program: Program): Scenario => ({
  name: `streamkeeper/kafkajs: ${name}`,
  shows,
  run: async (context) => play(context, (await context.shared()).bootstrap, program),
});

/** Programs written for kafkajs, unchanged, with `streamkeeper/kafkajs` in its place. */
export const kafkajsFacadeScenarios: readonly Scenario[] = [
  onShared('its examples', 'programs after the examples and documentation of kafkajs', EXAMPLES),
  onShared('NestJS', 'a microservice and its client: requests, errors, events, commits', NEST),
  onShared('all codecs', 'the scenario of kafkajs itself', CODECS),
  {
    name: `streamkeeper/kafkajs on Kafka ${versions.kafka}`,
    shows: 'the same, and transactions',
    run: playAllOnApache,
  },
];
