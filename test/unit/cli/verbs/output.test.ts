import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Output } from '../../../../src/cli/verbs/output.ts';
import { progressText } from '../../../../src/cli/verbs/progress.ts';
import { usesColour } from '../../../../src/cli/verbs/style.ts';
import { tableText } from '../../../../src/cli/verbs/table.ts';

const plain = (_: string, text: string) => text;

function recorded(json: boolean) {
  const written = { out: '', err: '' };
  const output = new Output({
    json,
    out: {
      isTerminal: false,
      write: (text) => {
        written.out += String(text);
      },
    },
    err: {
      isTerminal: false,
      write: (text) => {
        written.err += String(text);
      },
    },
    environment: {},
  });
  return { output, written };
}

describe('colours', () => {
  for (const [isTerminal, environment, expected] of [
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { TERM: 'dumb' }, false],
    [false, { FORCE_COLOR: '1' }, true],
    [true, { FORCE_COLOR: '0' }, false],
    [true, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
  ] as const) {
    it(`${isTerminal ? 'a terminal' : 'a file'} with ${JSON.stringify(environment)}: ${expected}`, () => {
      assert.equal(usesColour({ isTerminal, environment }), expected);
    });
  }
});

describe('tables', () => {
  it('columns are as wide as what is in them, numbers on the right', () => {
    const text = tableText(
      ['NAME', 'N'],
      [
        ['orders', 5],
        ['a', 10],
      ],
      plain,
    );
    assert.equal(text, 'NAME     N\norders   5\na       10\n');
  });

  it('what is missing is a dash, and no name breaks a row', () => {
    assert.equal(tableText(['A', 'B'], [[null, 'x\ny']], plain), 'A  B\n-  x\\ny\n');
  });
});

describe('results', () => {
  it('text for people', () => {
    const { output, written } = recorded(false);
    output.result({ a: 1 }, () => output.line('one'));
    output.error('TIMED_OUT', 'nobody answered');
    assert.deepEqual(written, { out: 'one\n', err: 'error: nobody answered\n' });
  });

  it('one object for programs, errors included', () => {
    const { output, written } = recorded(true);
    output.result({ big: 5n, map: new Map([['a', 2n ** 60n]]) }, () => output.line('not this'));
    output.error('TIMED_OUT', 'nobody answered');
    output.remark('nor this');
    assert.deepEqual(written, {
      out: '{"big":5,"map":{"a":"1152921504606846976"}}\n{"error":{"code":"TIMED_OUT","message":"nobody answered"}}\n',
      err: '',
    });
  });
});

describe('progress', () => {
  it('a bar where the end is known, else a count', () => {
    assert.equal(progressText('records', 50, 100, 2), 'records [###############...............] 50/100 25/s');
    assert.equal(progressText('records', 7, undefined, 0), 'records 7');
  });
});
