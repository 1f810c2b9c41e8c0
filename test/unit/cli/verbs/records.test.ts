import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { Command } from 'commander';
import { OutputBuffer } from '../../../../src/cli/console/output-buffer.ts';
import { completionScript } from '../../../../src/cli/verbs/completion.ts';
import { recordFormat, recordJson } from '../../../../src/cli/verbs/record-format.ts';
import { parseBegin, parseTime } from '../../../../src/cli/verbs/record-range.ts';
import { UsageError } from '../../../../src/cli/verbs/verb.ts';
import type { ConsumerRecord } from '../../../../src/clients/kafka/consumer/consumer-record.ts';

const record: ConsumerRecord = {
  topic: 't',
  partition: 1,
  offset: 7,
  timestamp: 1000,
  timestampType: 'CreateTime',
  key: null,
  value: Buffer.from('v'),
  headers: [
    { key: 'h', value: Buffer.from([0xff]) },
    { key: 'i', value: null },
  ],
  leaderEpoch: 0,
  deliveryCount: undefined,
  unparsed: undefined,
};

describe('where consume begins', () => {
  for (const [text, expected] of [
    ['beginning', 'beginning'],
    ['latest', 'end'],
    ['stored', 'stored'],
    ['5', { offset: 5 }],
    ['-5', { beforeEnd: 5 }],
    ['s@1700000000000', { timestampMs: 1_700_000_000_000 }],
    ['s@2026-01-31T12:00:00Z', { timestampMs: Date.UTC(2026, 0, 31, 12) }],
  ] as const) {
    it(text, () => assert.deepEqual(parseBegin(text), expected));
  }

  it('what is no place is refused', () => {
    for (const text of ['soon', 's@soon', '1.5']) assert.throws(() => parseBegin(text), UsageError);
    assert.equal(parseTime('soon'), undefined);
  });
});

describe('how consume prints', () => {
  const printed = (format: string) => {
    const output = new OutputBuffer();
    recordFormat(format)(record, output);
    return output.take().toString();
  };

  it("formats as kcat's", () => {
    assert.equal(printed('%t-%p@%o %T [%k/%K] %s/%S 100%%\\n'), 't-1@7 1000 [/-1] v/1 100%\n');
    assert.throws(() => printed('%x'), /^UsageError: --format has %x: known are %t %p/);
  });

  it('JSON, with base64 for what is no text', () => {
    assert.deepEqual(recordJson(record), {
      topic: 't',
      partition: 1,
      offset: 7,
      timestamp: 1000,
      timestampType: 'CreateTime',
      key: null,
      value: 'v',
      headers: [
        { key: 'h', valueBase64: '/w==' },
        { key: 'i', value: null },
      ],
    });
  });
});

describe('completion', () => {
  const program = new Command('prog');
  program
    .command('topic')
    .description("topics' verbs")
    .command('list')
    .alias('ls')
    .option('-a, --all', 'all');
  program.command('doctor');

  it('bash completes verbs below verbs, and options', {
    skip: spawnSync('bash', ['--version']).status !== 0,
  }, () => {
    const complete = (...words: string[]) => {
      const line = ['prog', ...words].map((word) => `'${word}'`).join(' ');
      const ask = `COMP_WORDS=(${line}); COMP_CWORD=${words.length}; _prog; echo "\${COMPREPLY[@]}"`;
      const script = `${completionScript(program, 'bash')}\n${ask}`;
      return spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout.trim();
    };
    assert.equal(complete(''), 'topic doctor --help');
    assert.equal(complete('topic', 'l'), 'list ls');
    assert.equal(complete('topic', 'ls', '--'), '--all --help');
    assert.equal(complete('topic', '-x', 'value', 'ls', '--a'), '--all');
  });

  it('fish and zsh are told the same', () => {
    assert.match(completionScript(program, 'zsh'), /^#compdef prog\n/);
    const fish = completionScript(program, 'fish');
    assert.match(fish, /^complete -c prog -f -n '__fish_use_subcommand' -a topic -d 'topics\\' verbs'$/m);
    assert.match(fish, /-l all -s a -d 'all'$/m);
  });
});
