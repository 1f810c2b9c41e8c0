import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OptionError } from '../../../../src/cli/jopt/option-error.ts';
import { commonOptions, type OptionSpecs } from '../../../../src/cli/jopt/option-spec.ts';
import { parseOptions } from '../../../../src/cli/jopt/parse-options.ts';

const specs = {
  topic: { description: 'a topic', argument: 'topic' },
  partitions: { description: 'how many', argument: '# of partitions', type: 'Integer' },
  since: { description: 'milliseconds', argument: 'timestamp', type: 'Long' },
  group: { description: 'groups', argument: 'group', separator: ',' },
  sync: { description: 'a flag' },
  decoder: { description: 'maybe a class', argument: '', optionalValue: true, defaults: ['String'] },
  ...commonOptions,
} as const satisfies OptionSpecs;

const parse = (...args: string[]) => parseOptions(specs, args);

function refusal(...args: string[]): string {
  try {
    const options = parse(...args);
    return `accepted: ${options.text('topic')} ${options.number('partitions')} ${options.number('since')}`;
  } catch (error) {
    if (error instanceof OptionError) return error.toJavaString();
    throw error;
  }
}

describe('a command line as joptsimple reads it', () => {
  it('takes a value behind the flag or behind an equals sign', () => {
    assert.equal(parse('--topic', 'a').text('topic'), 'a');
    assert.equal(parse('--topic=a=b').text('topic'), 'a=b');
    assert.equal(parse('-topic', 'a').text('topic'), 'a');
    assert.equal(parse('--topic=', 'next').text('topic'), 'next');
    assert.equal(parse('--topic', '--sync').text('topic'), '--sync');
  });

  it('collects repeated flags in their order, and cuts lists', () => {
    assert.deepEqual(parse('--topic', 'b', '--sync', '--topic=a').all('topic'), ['b', 'a']);
    assert.deepEqual(parse('--group=a,,b', '--group', 'c').all('group'), ['a', 'b', 'c']);
    assert.deepEqual(parse().all('topic'), []);
  });

  it('knows numbers, whole and within their range', () => {
    assert.equal(parse('--partitions', '-7').number('partitions'), -7);
    assert.equal(parse('--since', '9223372036854775807').bigint('since'), 9223372036854775807n);
    const message = "Cannot parse argument 'x' of option partitions";
    assert.equal(refusal('--partitions', 'x'), `joptsimple.OptionArgumentConversionException: ${message}`);
    assert.match(refusal('--partitions=2147483648'), /OptionArgumentConversionException/);
    assert.match(refusal('--since=1e3'), /OptionArgumentConversionException/);
  });

  it('leaves a value that may be absent to the next flag', () => {
    assert.equal(parse('--decoder', '--sync').text('decoder'), 'String');
    assert.equal(parse('--decoder', 'Long').text('decoder'), 'Long');
    assert.equal(parse('--decoder').has('decoder'), true);
    assert.equal(parse().has('decoder'), false);
  });

  it('keeps what belongs to no flag', () => {
    assert.deepEqual(parse('a', '--sync', '-', '--', '--topic').rest, ['a', '-', '--topic']);
  });

  it('refuses what it does not know, abbreviations included', () => {
    assert.equal(
      refusal('--top', 'a'),
      'joptsimple.UnrecognizedOptionException: top is not a recognized option',
    );
    assert.equal(refusal('-xy'), 'joptsimple.UnrecognizedOptionException: x is not a recognized option');
    assert.match(refusal('--constructor'), /constructor is not a recognized option/);
  });

  it('refuses a flag without its value, and a second value where one is asked for', () => {
    assert.match(
      refusal('--topic'),
      /OptionMissingRequiredArgumentException: Option topic requires an argument/,
    );
    assert.match(refusal('--topic=a', '--topic=b'), /MultipleArgumentsForOptionException: Found multiple/);
  });
});
