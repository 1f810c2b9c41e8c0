import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LineMessageReader } from '../../../../src/cli/console/line-message-reader.ts';
import { LineSplitter } from '../../../../src/cli/console/line-splitter.ts';
import { JavaError } from '../../../../src/cli/java-error.ts';

const reader = (properties: Record<string, string> = {}) =>
  new LineMessageReader(new Map(Object.entries(properties)));

function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert(error instanceof JavaError);
    assert.equal(error.javaClass, 'org.apache.kafka.common.KafkaException');
    return error.message;
  }
  throw new assert.AssertionError({ message: 'nothing was refused' });
}

describe('lines of the console producer', () => {
  for (const [what, properties, line, expected] of [
    ['a value', {}, 'a\tb', { key: null, value: 'a\tb', headers: [] }],
    ['an empty value', {}, '', { key: null, value: '', headers: [] }],
    ['key and value', { 'parse.key': 'true' }, 'k\tv\tw', { key: 'k', value: 'v\tw', headers: [] }],
    [
      'a separator of several characters',
      { 'parse.key': ' TRUE ', 'key.separator': '::' },
      'k::v',
      { key: 'k', value: 'v', headers: [] },
    ],
    [
      'headers, key and value',
      { 'parse.key': 'true', 'parse.headers': 'true' },
      'a:1,b:2:3,c:\tk\tv',
      {
        key: 'k',
        value: 'v',
        headers: [
          ['a', '1'],
          ['b', '2:3'],
          ['c', ''],
        ],
      },
    ],
    [
      'headers by other separators',
      {
        'parse.headers': 'true',
        'headers.delimiter': '!',
        'headers.separator': '\\|',
        'headers.key.separator': '=',
      },
      'a=1|b=2!v',
      {
        key: null,
        value: 'v',
        headers: [
          ['a', '1'],
          ['b', '2'],
        ],
      },
    ],
    [
      'null by its marker, in key, value and header',
      { 'parse.key': 'true', 'parse.headers': 'true', 'null.marker': 'NULL' },
      'a:NULL\tNULL\tNULL',
      { key: null, value: null, headers: [['a', null]] },
    ],
    [
      'no headers by the marker',
      { 'parse.headers': 'true', 'null.marker': 'NULL' },
      'NULL\tv',
      { key: null, value: 'v', headers: [] },
    ],
    [
      'what lacks its separators, when errors are ignored',
      { 'parse.key': 'true', 'parse.headers': 'true', 'ignore.error': 'true' },
      'only',
      { key: null, value: 'only', headers: [] },
    ],
    [
      'a header without a value, when errors are ignored',
      { 'parse.headers': 'true', 'ignore.error': 'true' },
      'a,b:1\tv',
      {
        key: null,
        value: 'v',
        headers: [
          ['a', null],
          ['b', '1'],
        ],
      },
    ],
  ] as const) {
    it(what, () => assert.deepEqual(reader(properties).read(line), expected));
  }

  it('a line without its separator is refused by its number', () => {
    const keys = reader({ 'parse.key': 'true' });
    keys.read('k\tv');
    assert.equal(
      refusal(() => keys.read('x')),
      "No key separator found on line number 2: 'x'",
    );
    assert.equal(
      refusal(() => reader({ 'parse.headers': 'true' }).read('x')),
      "No headers delimiter found on line number 1: 'x'",
    );
    assert.equal(
      refusal(() => reader({ 'parse.headers': 'true' }).read('a\tv')),
      "No header key separator found in pair 'a' on line number 1",
    );
    assert.equal(
      refusal(() => reader({ 'parse.headers': 'true', 'null.marker': 'N' }).read('N:1\tv')),
      "Header keys should not be equal to the null marker 'N' as they can't be null",
    );
  });

  it('separators that cannot be told apart are refused', () => {
    assert.equal(
      refusal(() => reader({ 'headers.separator': '\t' })),
      'headers.delimiter and headers.separator may not be equal',
    );
    assert.equal(
      refusal(() => reader({ 'null.marker': ':' })),
      'null.marker and headers.key.separator may not be equal',
    );
  });
});

describe('input cut into lines', () => {
  const lines = (...pieces: (string | Buffer)[]) => {
    const splitter = new LineSplitter();
    return [...pieces.flatMap((piece) => splitter.push(Buffer.from(piece))), ...splitter.end()];
  };
  for (const [what, pieces, expected] of [
    ['by line feeds', ['a\nb\n'], ['a', 'b']],
    ['the last one without its end', ['a\nb'], ['a', 'b']],
    ['none', [''], []],
    ['empty ones', ['\n\n'], ['', '']],
    ['across pieces', ['a', 'b\nc', 'd'], ['ab', 'cd']],
    ['by carriage returns', ['a\r\nb\rc'], ['a', 'b', 'c']],
    ['a carriage return and its line feed in two pieces', ['a\r', '\nb\n'], ['a', 'b']],
    ['an empty line behind a carriage return', ['a\r', '\r\nb'], ['a', '', 'b']],
    ['a character in two pieces', [Buffer.from([0xc3]), Buffer.from([0xa4, 0x0a])], ['ä']],
  ] as const) {
    it(what, () => assert.deepEqual(lines(...pieces), expected));
  }
});
