import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { AssertionError } from '../../../../src/base/assert.ts';
import { ByteReader } from '../../../../src/base/byte-reader.ts';
import { ByteWriter } from '../../../../src/base/byte-writer.ts';
import { MalformedError } from '../../../../src/base/malformed-error.ts';
import {
  array,
  bigint64,
  bytes,
  type Draft,
  type Infer,
  int8,
  int16,
  int32,
  int64,
  message,
  records,
  string,
  struct,
  UnsupportedVersionError,
  unknownTags,
  uuid,
  ZERO_UUID,
} from '../../../../src/wire/kafka/schema/index.ts';

/** One field of each sort; flexible from version 2 on. */
const Sample = message(
  'Sample',
  { key: 900, kind: 'request', versions: '0-3', flexible: '2+' },
  {
    id: int32('0+'),
    name: string('0+', { nullable: '1+' }),
    count: int16('1+', { default: 7, ignorable: true }),
    limit: int32('1+', { default: -1 }),
    offset: int64('0+'),
    query: int64('1+', { saturate: true, default: 0, ignorable: true }),
    owner: bigint64('1+', { default: -1n, ignorable: true }),
    topicId: uuid('2+', { ignorable: true }),
    entries: array('0+', { key: string('0+'), parts: array('0+', 'int32') }),
    data: bytes('1+', { nullable: '1+', default: null, ignorable: true }),
    cursor: struct('3+', { at: int8('3+') }, { nullable: '3+', default: null, ignorable: true }),
    hint: string('2+', { tag: 0, default: '', ignorable: true }),
    place: struct('2+', { rack: string('2+'), row: int8('2+', { default: 3 }) }, { tag: 2 }),
    records: records('1+', { nullable: '1+', default: null, ignorable: true }),
  },
);

type Sample = Infer<typeof Sample>;

const small: Draft<typeof Sample> = { id: 1, name: 'n', offset: 5, entries: [] };

describe('message schema', () => {
  test('a decoded value has every field, with defaults where the version has none', () => {
    const value: Sample = Sample.at(0).decode(Sample.at(0).encode(small));
    assert.deepEqual(value, {
      id: 1,
      name: 'n',
      count: 7,
      limit: -1,
      offset: 5,
      query: 0,
      owner: -1n,
      topicId: ZERO_UUID,
      entries: [],
      data: null,
      cursor: null,
      hint: '',
      place: { rack: '', row: 3 },
      records: null,
    });
  });

  test('defaults that can be altered are not shared between values', () => {
    const codec = Sample.at(0);
    const first = codec.decode(codec.encode(small));
    first.place.rack = 'altered';
    first.entries.push({ key: 'k', parts: [] });
    const second = codec.decode(codec.encode(small));
    assert.equal(second.place.rack, '');
    assert.deepEqual(second.entries, []);
  });

  for (const [version, hex] of [
    [0, '00000001 0001 6e 0000000000000005 00000001 0001 6b 00000002 00000001 ffffffff'],
    [
      1,
      '00000001 0001 6e 0007 ffffffff 0000000000000005 0000000000000000 ffffffffffffffff' +
        '00000001 0001 6b 00000002 00000001 ffffffff ffffffff ffffffff',
    ],
    [
      2,
      '00000001 02 6e 0007 ffffffff 0000000000000005 0000000000000000 ffffffffffffffff' +
        '00000000000000000000000000000000 02 02 6b 03 00000001 ffffffff 00 00 00' +
        '00',
    ],
  ] as const) {
    test(`version ${version} on the wire`, () => {
      const draft = { ...small, entries: [{ key: 'k', parts: [1, -1] }] };
      assert.equal(Sample.at(version).encode(draft).toString('hex'), hex.replaceAll(' ', ''));
    });
  }

  test('tagged fields are written in the order of their tags, defaults not at all', () => {
    const codec = Sample.at(3);
    const plain = codec.encode({ ...small, hint: '', place: { rack: '', row: 3 } });
    assert.equal(plain.at(-1), 0);
    const full = codec.encode({
      ...small,
      place: { rack: 'r' },
      hint: 'h',
      [unknownTags]: [
        { tag: 9, data: Buffer.from('99', 'hex') },
        { tag: 1, data: Buffer.from('11', 'hex') },
      ],
    });
    const tags = '04 00 02 02 68 01 01 11 02 04 02 72 03 00 09 01 99'.replaceAll(' ', '');
    assert.equal(full.subarray(plain.length - 1).toString('hex'), tags);
    const value = codec.decode(full);
    assert.equal(value.hint, 'h');
    assert.deepEqual(value.place, { rack: 'r', row: 3 });
    assert.deepEqual(
      value[unknownTags]?.map(({ tag }) => tag),
      [1, 9],
    );
    assert.deepEqual(codec.encode(value), full);
  });

  test('records pass through by reference, bytes are copied', () => {
    const codec = Sample.at(1);
    const batch = Buffer.alloc(4096, 1);
    const writer = new ByteWriter();
    codec.write(writer, { ...small, data: Buffer.from('abc'), records: [batch, batch] });
    const chunks = writer.chunks();
    assert.equal(chunks.filter((chunk) => chunk.buffer === batch.buffer && chunk.length === 4096).length, 2);
    const encoded = Buffer.concat(chunks);
    const value = codec.decode(encoded);
    assert.equal(value.records?.length, 8192);
    assert.equal(value.records?.buffer, encoded.buffer);
    encoded.fill(0);
    assert.equal(value.data?.toString(), 'abc');
  });
});

describe('what a version cannot say', () => {
  for (const [what, version, draft] of [
    ['a field that is not ignorable', 0, { ...small, limit: 5 }],
    ['null where only later versions have it', 0, { ...small, name: null }],
    ['a tagged struct before tags', 1, { ...small, place: { rack: 'r' } }],
    ['unknown tags before tags', 1, { ...small, [unknownTags]: [{ tag: 1, data: Buffer.alloc(0) }] }],
  ] as const) {
    test(`${what} is refused`, () => {
      assert.throws(() => Sample.at(version).encode(draft), UnsupportedVersionError);
    });
  }

  test('an ignorable field is dropped', () => {
    assert.deepEqual(Sample.at(0).encode({ ...small, count: 99 }), Sample.at(0).encode(small));
  });

  test('a field with its default value may be given', () => {
    assert.deepEqual(Sample.at(0).encode({ ...small, limit: -1 }), Sample.at(0).encode(small));
  });

  for (const version of [-1, 4, 1.5, Number.NaN]) {
    test(`there is no version ${version}`, () => {
      assert.throws(() => Sample.at(version), UnsupportedVersionError);
    });
  }
});

describe('drafts that dodge their types', () => {
  const refused = (draft: unknown) =>
    assert.throws(() => Sample.at(2).encode(draft as Draft<typeof Sample>), AssertionError);
  test('a missing field', () => refused({ name: 'n', offset: 5, entries: [] }));
  test('a missing field of a nested struct', () => refused({ ...small, entries: [{ key: 'k' }] }));
  test('null without nullable', () => refused({ ...small, offset: null }));
  test('a fraction', () => refused({ ...small, id: 1.5 }));
  test('NaN', () => refused({ ...small, id: Number.NaN }));
  test('an unsafe integer', () => refused({ ...small, offset: 2 ** 60 }));
  test('a uuid that is none', () => refused({ ...small, topicId: 'short' }));
  test('a string too long for Kafka', () => refused({ ...small, name: 'x'.repeat(0x8000) }));
  test('a known tag among the unknown', () =>
    refused({ ...small, [unknownTags]: [{ tag: 0, data: Buffer.alloc(1) }] }));
});

describe('integers beyond 2^53', () => {
  const wide = Sample.wideAt(1).encode({
    ...small,
    offset: 2n ** 62n,
    query: -(2n ** 62n),
    owner: 2n ** 62n,
  });

  test('are malformed in an int64', () => {
    assert.throws(() => Sample.at(1).decode(wide), /Sample|int64 4611686018427387904/);
    assert.throws(() => Sample.at(1).decode(wide), MalformedError);
  });

  test('come as bigint from the wide codec', () => {
    const value = Sample.wideAt(1).decode(wide) as { offset: unknown; id: unknown };
    assert.equal(value.offset, 2n ** 62n);
    assert.equal(value.id, 1);
  });

  test('are kept by bigint64 and clamped by a saturating int64', () => {
    const bytes = Sample.wideAt(1).encode({ ...small, query: -(2n ** 62n), owner: 2n ** 62n });
    const value = Sample.at(1).decode(bytes);
    assert.equal(value.owner, 2n ** 62n);
    assert.equal(value.query, Number.MIN_SAFE_INTEGER);
  });
});

describe('hostile bytes', () => {
  const head =
    '00000001 02 6e 0007 ffffffff 0000000000000005 0000000000000000 ffffffffffffffff' +
    '00000000000000000000000000000000';
  for (const [what, version, hex] of [
    ['truncation', 2, '00000001 02'],
    ['stray bytes behind the message', 0, '00000001 0001 6e 0000000000000005 00000000 00'],
    ['a string length below -1', 0, '00000001 fffe'],
    ['null where it is not allowed', 0, '00000001 ffff'],
    ['a string longer than Kafka allows', 2, `00000001 8280 02 ${'61'.repeat(0x8001)}`],
    ['a string longer than the rest', 0, '00000001 7fff 6e'],
    ['a count below -1', 0, '00000001 0001 6e 0000000000000005 fffffffe'],
    ['a null array', 0, '00000001 0001 6e 0000000000000005 ffffffff'],
    ['a count larger than the bytes left', 0, '00000001 0001 6e 0000000000000005 00000002 0001 6b 00000000'],
    ['an absurd count', 0, '00000001 0001 6e 0000000000000005 7fffffff 0001 6b 00000000'],
    ['an absurd compact count', 2, `${head} ffffffff0f`],
    ['a varint that does not end', 2, `${head} ffffffffff`],
    ['a struct marker that is none', 3, `${head} 01 00 05`],
    ['a tag twice', 2, `${head} 01 00 00 02 05 00 05 00`],
    ['tags that descend', 2, `${head} 01 00 00 02 05 00 04 00`],
    ['a tagged field shorter than announced', 2, `${head} 01 00 00 01 00 03 02 68 00`],
    ['a tagged field longer than announced', 2, `${head} 01 00 00 01 00 01 02 68`],
    ['a tagged field longer than the rest', 2, `${head} 01 00 00 01 05 ffffff7f 00`],
  ] as const) {
    test(`${what} is malformed`, () => {
      const input = Buffer.from(hex.replaceAll(' ', ''), 'hex');
      assert.throws(() => Sample.at(version).decode(input), MalformedError);
    });
  }
});

test('a codec reads one message of several', () => {
  const codec = Sample.at(2);
  const reader = new ByteReader(Buffer.concat([codec.encode(small), codec.encode({ ...small, id: 2 })]));
  assert.equal(codec.read(reader).id, 1);
  assert.equal(codec.read(reader).id, 2);
  assert.equal(reader.remaining, 0);
});

test('a schema nested too deep is a bug that shows at once', () => {
  let fields: Parameters<typeof message>[2] = { leaf: int8('0+') };
  for (let depth = 0; depth < 8; depth++) fields = { inner: struct('0+', fields) };
  const deep = message('Deep', { kind: 'data', versions: '0', flexible: 'none' }, fields);
  assert.throws(() => deep.at(0), AssertionError);
});
