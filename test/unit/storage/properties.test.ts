import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseProperties, parsePropertiesFile } from '../../../src/storage/properties.ts';

/** Texts and what java.util.Properties (17) makes of them. */
const CASES: [string, string, [string, string][]][] = [
  [
    'separators',
    'a=1\nb:2\nc 3\nd\t=\t4\ne : 5',
    [
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
      ['d', '4'],
      ['e', '5'],
    ],
  ],
  [
    'one separator only',
    'a==1\nb=:2\nc  =3=',
    [
      ['a', '=1'],
      ['b', ':2'],
      ['c', '3='],
    ],
  ],
  [
    'empty values and keys',
    'a\nb=\n=c\n:',
    [
      ['a', ''],
      ['b', ''],
      ['', 'c'],
      ['', ''],
    ],
  ],
  ['comments and empty lines', '# no\n  ! no\n\n \t\f\na=#1', [['a', '#1']]],
  ['blanks kept behind, dropped in front', '  a = 1 \t', [['a', '1 \t']]],
  [
    'all line ends',
    'a=1\r\nb=2\rc=3\n\rd=4',
    [
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
      ['d', '4'],
    ],
  ],
  [
    'continued lines',
    'a=1,\\\n    2,\\\r\n\t3\nb=4',
    [
      ['a', '1,2,3'],
      ['b', '4'],
    ],
  ],
  [
    'backslashes in pairs do not continue',
    'a=1\\\\\nb=2',
    [
      ['a', '1\\'],
      ['b', '2'],
    ],
  ],
  ['a continued line is no comment', 'a=1\\\n#2', [['a', '1#2']]],
  ['nothing continued is a place for a comment', '\\\n# 2\nb=1', [['b', '1']]],
  ['a comment is not continued', '# a\\\nb=1', [['b', '1']]],
  ['continued into the end of the file', 'a=1\\', [['a', '1']]],
  ['escaped separators', 'a\\ b\\=c\\:d=1', [['a b=c:d', '1']]],
  ['escapes', 'a=\\t\\n\\r\\f\\\\\\q\\"', [['a', '\t\n\r\f\\q"']]],
  ['unicode escapes', '\\u006bey=\\u00e9\\uD83D\\ude00', [['key', 'é😀']]],
  [
    'repeated keys',
    'a=1\na=2',
    [
      ['a', '1'],
      ['a', '2'],
    ],
  ],
];

describe('properties', () => {
  for (const [what, text, expected] of CASES) {
    it(`parse ${what}`, () => {
      assert.deepEqual(
        parseProperties(text, 'x').map(({ key, value }) => [key, value]),
        expected,
      );
    });
  }

  it('know the line they begin at', () => {
    const lines = parseProperties('# comment\n\na=1\\\n 2\n\nb=3', 'x').map(({ key, line }) => [key, line]);
    assert.deepEqual(lines, [
      ['a', 3],
      ['b', 6],
    ]);
  });

  it('name file and line of a malformed escape', () => {
    assert.throws(() => parseProperties('a=1\nb=\\u00g0', 'server.properties'), {
      name: 'PropertiesError',
      message: 'server.properties, line 2: \\u needs four hexadecimal digits after it',
    });
  });

  it('are read as ISO 8859-1', () => {
    assert.deepEqual(parsePropertiesFile(Buffer.from([0x61, 0x3d, 0xe9]), 'x'), [
      { key: 'a', value: 'é', line: 1 },
    ]);
  });
});
