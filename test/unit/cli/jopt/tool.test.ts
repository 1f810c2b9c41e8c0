import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { illegalArgument } from '../../../../src/cli/java-error.ts';
import { commonOptions, type OptionSpecs } from '../../../../src/cli/jopt/option-spec.ts';
import { parseOptions } from '../../../../src/cli/jopt/parse-options.ts';
import {
  forbidBeside,
  messageAndTrace,
  messageOnly,
  parseToolArgs,
  requireOptions,
  ToolExit,
  uncaught,
} from '../../../../src/cli/tool.ts';

const specs = {
  list: { description: 'List all.' },
  topic: {
    description: 'A topic whose description does not fit in one line of the table.',
    argument: 'topic',
  },
  ...commonOptions,
} as const satisfies OptionSpecs;

function exitOf(action: () => unknown): ToolExit {
  try {
    action();
  } catch (error) {
    if (error instanceof ToolExit) return error;
    throw error;
  }
  throw new Error('the tool went on');
}

describe('a tool', () => {
  it('shows its purpose and its options for --help and for nothing at all', () => {
    for (const args of [['--help', '--list'], []]) {
      const { exitCode, stderr, stdout } = exitOf(() => parseToolArgs(specs, 'It lists.', args));
      assert.equal(exitCode, 1);
      assert.equal(stdout, '');
      const [purpose, header = '', divider, help] = stderr.split('\n');
      assert.equal(purpose, 'It lists.');
      assert.equal(header.trimEnd().replace(/ +/, ' '), 'Option Description');
      assert.equal(header.length, 78);
      assert.equal(divider?.indexOf('-----------'), header.indexOf('Description'));
      assert.equal(help?.trimEnd().replace(/ {2,}/, '|'), '--help|Print usage information.');
    }
    assert.equal(exitOf(() => parseToolArgs(specs, '', ['--version'])).stdout, '3.9.2\n');
  });

  it('names options that are missing or do not go together', () => {
    const missing = exitOf(() => requireOptions(specs, parseOptions(specs, ['--list']), ['list', 'topic']));
    assert.match(missing.stderr, /^Missing required argument "\[topic\]"\nOption /);
    const both = parseOptions(specs, ['--list', '--topic=a']);
    const beside = exitOf(() => forbidBeside(specs, both, 'list', ['topic']));
    assert.match(beside.stderr, /^Option "\[list\]" can't be used with option "\[topic\]"\nOption /);
  });

  it('tells of errors as the tools of Java do', () => {
    const error = illegalArgument('no such thing');
    const line = 'java.lang.IllegalArgumentException: no such thing';
    assert.equal(uncaught(error), `Exception in thread "main" ${line}`);
    assert.equal(messageAndTrace(error), `no such thing\n${line}\n`);
    assert.equal(messageOnly(error), 'no such thing');
  });
});
