import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createFormatter, DEFAULT_FORMATTER } from '../../../../src/cli/console/formatters/formatters.ts';
import type { PrintableRecord } from '../../../../src/cli/console/formatters/message-formatter.ts';
import { javaDeserializer } from '../../../../src/cli/console/java-deserializers.ts';
import { OutputBuffer } from '../../../../src/cli/console/output-buffer.ts';
import { JavaError } from '../../../../src/cli/java-error.ts';
import {
  GroupMetadataKey,
  OffsetCommitKey,
  OffsetCommitValue,
} from '../../../../src/wire/kafka/stored/offsets.ts';
import { TransactionLogKey, TransactionLogValue } from '../../../../src/wire/kafka/stored/transactions.ts';

const record = (more: Partial<PrintableRecord> = {}): PrintableRecord => ({
  topic: 't',
  partition: 2,
  offset: 7,
  timestamp: 1000,
  timestampType: 'CreateTime',
  key: Buffer.from('k'),
  value: Buffer.from('v'),
  headers: [
    { key: 'h', value: Buffer.from('1') },
    { key: 'i', value: null },
  ],
  leaderEpoch: 3,
  deliveryCount: undefined,
  ...more,
});

function formatted(
  properties: Record<string, string>,
  what: PrintableRecord,
  className = DEFAULT_FORMATTER,
): { text: string; warnings: string[]; complaints: string[] } {
  const warnings: string[] = [];
  const complaints: string[] = [];
  const formatter = createFormatter(className, new Map(Object.entries(properties)), {
    warn: (text) => warnings.push(text),
    complain: (text) => complaints.push(text),
  });
  const output = new OutputBuffer();
  formatter.write(what, output);
  return { text: output.take().toString(), warnings, complaints };
}

const all = {
  'print.timestamp': 'true',
  'print.partition': 'true',
  'print.offset': 'true',
  'print.headers': 'true',
  'print.key': 'true',
};

describe('the default formatter', () => {
  for (const [what, properties, printed, expected] of [
    ['the value alone', {}, record(), 'v\n'],
    ['everything', all, record(), 'CreateTime:1000\tPartition:2\tOffset:7\th:1,i:null\tk\tv\n'],
    [
      'what is not there',
      all,
      record({ timestampType: 'NoTimestampType', headers: [], key: null, value: null }),
      'NO_TIMESTAMP\tPartition:2\tOffset:7\tNO_HEADERS\tnull\tnull\n',
    ],
    [
      'other separators',
      { ...all, 'key.separator': '|', 'line.separator': ';', 'headers.separator': '&', 'null.literal': '-' },
      record({ key: null }),
      'CreateTime:1000|Partition:2|Offset:7|h:1&i:-|-|v;',
    ],
    ['no value', { 'print.value': 'false', 'print.key': 'true' }, record(), 'k\n'],
    ['nothing at all', { 'print.value': 'false' }, record(), ''],
    [
      'deliveries and epochs of 4.x',
      { 'print.delivery': 'true', 'print.epoch': 'true' },
      record({ deliveryCount: 2 }),
      'Delivery:2\tEpoch:3\tv\n',
    ],
    [
      'numbers by their deserializers',
      {
        'print.key': 'true',
        'key.deserializer': 'org.apache.kafka.common.serialization.IntegerDeserializer',
        'value.deserializer': 'org.apache.kafka.common.serialization.LongDeserializer',
      },
      record({ key: Buffer.from('fffffffe', 'hex'), value: Buffer.from('0000000100000000', 'hex') }),
      '-2\t4294967296\n',
    ],
  ] as const) {
    it(what, () => assert.equal(formatted(properties, printed).text, expected));
  }

  it('bytes that are no text stay as they are', () => {
    const formatter = createFormatter(DEFAULT_FORMATTER, new Map(), {
      warn: () => undefined,
      complain: () => undefined,
    });
    const output = new OutputBuffer();
    formatter.write(record({ value: Buffer.from([0xff, 0x00]) }), output);
    assert.deepEqual([...output.take()], [0xff, 0x00, 0x0a]);
  });

  it('a deserializer that is not there is complained of, and done without', () => {
    const { text, complaints } = formatted({ 'value.deserializer': 'no.such.Class' }, record());
    assert.equal(text, 'v\n');
    assert.deepEqual(complaints, ['Unable to instantiate a deserializer from no.such.Class']);
  });
});

describe('deserializers of Java', () => {
  const text = (name: string, bytes: Buffer) =>
    javaDeserializer(`org.apache.kafka.common.serialization.${name}Deserializer`, new Map(), true)(bytes);
  const double = Buffer.alloc(8);
  double.writeDoubleBE(0.1);
  const float = Buffer.alloc(4);
  float.writeFloatBE(0.1);
  for (const [name, bytes, expected] of [
    ['Boolean', Buffer.from([1]), 'true'],
    ['Short', Buffer.from('ffff', 'hex'), '-1'],
    ['Integer', Buffer.from('00000100', 'hex'), '256'],
    ['Long', Buffer.from('7fffffffffffffff', 'hex'), '9223372036854775807'],
    ['Double', double, '0.1'],
    ['Float', float, '0.1'],
    ['Bytes', Buffer.from([0x41, 0x5c, 0x0a]), 'A\\x5C\\x0A'],
    ['ByteBuffer', Buffer.from('abc'), 'java.nio.HeapByteBuffer[pos=0 lim=3 cap=3]'],
    ['UUID', Buffer.from('1-2-3-4-5'), '00000001-0002-0003-0004-000000000005'],
    ['String', Buffer.from('ä'), 'ä'],
  ] as const) {
    it(name, () => assert.equal(text(name, bytes), expected));
  }

  it('bytes that are none of theirs are refused', () => {
    for (const [name, bytes, message] of [
      ['Integer', 'abc', 'Size of data received by IntegerDeserializer is not 4'],
      ['Double', 'abc', 'Size of data received by Deserializer is not 8'],
      ['UUID', 'abc', 'Error parsing data into UUID'],
    ] as const) {
      assert.throws(
        () => text(name, Buffer.from(bytes)),
        (error) => error instanceof JavaError && error.message === message,
      );
    }
  });
});

describe('formatters of internal topics', () => {
  const prefixed = (number: number, bytes: Buffer) => {
    const prefix = Buffer.alloc(2);
    prefix.writeInt16BE(number);
    return Buffer.concat([prefix, bytes]);
  };
  const offsetKey = prefixed(1, OffsetCommitKey.at(0).encode({ group: 'g', topic: 't', partition: 1 }));
  const offset = { offset: 5, leaderEpoch: 2, metadata: '', commitTimestamp: 9 };
  const offsetValue = prefixed(3, OffsetCommitValue.at(3).encode(offset));
  const groupKey = prefixed(2, GroupMetadataKey.at(0).encode({ group: 'g' }));
  const tools = 'org.apache.kafka.tools.consumer.';

  it('offsets', () => {
    const shown = (key: Buffer | null, value: Buffer | null) =>
      formatted({}, record({ key, value }), `${tools}OffsetsMessageFormatter`).text;
    const key = '{"version":1,"data":{"group":"g","topic":"t","partition":1}}';
    const data = '{"offset":5,"leaderEpoch":2,"metadata":"","commitTimestamp":9}';
    assert.equal(shown(offsetKey, offsetValue), `{"key":${key},"value":{"version":3,"data":${data}}}`);
    assert.equal(shown(offsetKey, null), `{"key":${key},"value":null}`);
    assert.equal(shown(groupKey, null), '');
    assert.equal(
      shown(prefixed(9, Buffer.alloc(0)), prefixed(99, Buffer.alloc(0))),
      '{"key":{"version":9,"data":"unknown"},"value":{"version":99,"data":"unknown"}}',
    );
  });

  it('groups', () => {
    const { text } = formatted(
      {},
      record({ key: groupKey, value: null }),
      `${tools}GroupMetadataMessageFormatter`,
    );
    assert.equal(text, '{"key":{"version":2,"data":{"group":"g"}},"value":null}');
  });

  it('transactions, with producer ids of 64 bits', () => {
    const value = TransactionLogValue.at(0).encode({
      producerId: 2n ** 62n,
      producerEpoch: 1,
      transactionTimeoutMs: 60_000,
      transactionStatus: 4,
      transactionPartitions: [{ topic: 't"', partitionIds: [0, 1] }],
      transactionLastUpdateTimestampMs: 8,
      transactionStartTimestampMs: 7,
    });
    const key = prefixed(0, TransactionLogKey.at(0).encode({ transactionalId: 'x' }));
    const { text } = formatted(
      {},
      record({ key, value: prefixed(0, value) }),
      `${tools}TransactionLogMessageFormatter`,
    );
    assert.equal(
      text,
      '{"key":{"version":0,"data":{"transactionalId":"x"}},"value":{"version":0,"data":{"producerId":4611686018427387904,"producerEpoch":1,"transactionTimeoutMs":60000,"transactionStatus":4,"transactionPartitions":[{"topic":"t\\"","partitionIds":[0,1]}],"transactionLastUpdateTimestampMs":8,"transactionStartTimestampMs":7}}}',
    );
  });

  it('offsets as they were shown before 3.9', () => {
    const { text, warnings } = formatted(
      {},
      record({ key: offsetKey, value: offsetValue }),
      'kafka.coordinator.group.GroupMetadataManager$OffsetsMessageFormatter',
    );
    assert.equal(
      text,
      '[g,t,1]::OffsetAndMetadata(offset=5, leaderEpoch=Optional[2], metadata=, commitTimestamp=9, expireTimestamp=None)\n',
    );
    assert.match(warnings[0] ?? '', /^WARNING: kafka\.coordinator\.group.* is deprecated/);
  });
});
