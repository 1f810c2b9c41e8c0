import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { partitionOfKey } from '../../../../../src/clients/kafka/classic/key-partitioner.ts';
import { assignRange } from '../../../../../src/clients/kafka/classic/range-assignment.ts';
import { streamCounts } from '../../../../../src/clients/kafka/classic/topic-selection.ts';
import {
  decodeBroker,
  decodeOffset,
  decodeSubscription,
} from '../../../../../src/clients/kafka/classic/znodes.ts';

describe('the range assignment of 0.8', () => {
  for (const { partitions, threads, expected } of [
    // The document's own case, the division without a rest.
    { partitions: [0, 1, 2, 3], threads: ['b-0', 'a-0'], expected: 'aabb' },
    { partitions: [4, 3, 2, 1, 0], threads: ['a-0', 'b-0'], expected: 'aaabb' },
    { partitions: [0, 1], threads: ['a-0', 'b-0', 'c-0'], expected: 'ab' },
    { partitions: [0, 1, 2, 3, 4, 5, 6, 7], threads: ['a-0', 'b-0', 'c-0'], expected: 'aaabbbcc' },
    { partitions: [], threads: ['a-0'], expected: '' },
  ]) {
    it(`gives ${partitions.length} partitions to ${threads.length} threads as ${expected}`, () => {
      const owners = assignRange(partitions, threads);
      assert.equal(
        partitions
          .toSorted()
          .map((partition) => owners.get(partition)?.[0])
          .join(''),
        expected,
      );
    });
  }
});

describe('the nodes of clients of 0.8', () => {
  it('are read in the forms that there have been', () => {
    assert.deepEqual(
      decodeBroker(1, Buffer.from('{"jmx_port":-1,"timestamp":"1","host":"h","version":1,"port":9092}')),
      {
        id: 1,
        host: 'h',
        port: 9092,
        rack: null,
      },
    );
    const endpoints =
      '{"listener_security_protocol_map":{"IN":"SSL","OUT":"PLAINTEXT"},"endpoints":["IN://a:1","OUT://[::1]:2"],"host":null,"port":-1,"version":5,"rack":"r"}';
    assert.deepEqual(decodeBroker(2, Buffer.from(endpoints)), { id: 2, host: '::1', port: 2, rack: 'r' });
    assert.equal(
      decodeBroker(3, Buffer.from('{"endpoints":["SSL://a:1"],"host":null,"port":-1}')),
      undefined,
    );
    const subscription = decodeSubscription('/x', Buffer.from('{"version":1,"subscription":{"a":2}}'));
    assert.deepEqual(subscription, { pattern: 'static', streams: new Map([['a', 2]]) });
  });

  it('are refused by name when they hold something else', () => {
    for (const text of ['', '{', '[]', '{"subscription":3}', '{"subscription":{"a":"b"}}']) {
      assert.throws(
        () => decodeSubscription('/consumers/g/ids/x', Buffer.from(text)),
        /\/consumers\/g\/ids\/x/,
      );
    }
    assert.throws(() => decodeOffset('/o', Buffer.from('-1')), /\/o holds no offset/);
  });

  it('let patterns in and keep them out', () => {
    const topics = ['__consumer_offsets', 'a', 'b1', 'b2'];
    const names = (pattern: 'white_list' | 'black_list', expression: string) => [
      ...streamCounts({ pattern, expression, streamCount: 2 }, topics).keys(),
    ];
    assert.deepEqual(names('white_list', 'a, b2'), ['a', 'b2']);
    assert.deepEqual(names('black_list', 'b.*'), ['a']);
    assert.throws(() => names('white_list', '('), /no pattern/);
  });
});

describe('the partition of a key in 0.8', () => {
  it("is Java's hash code of text or bytes", () => {
    // "hello".hashCode() is 99162322, "polygenelubricants".hashCode() the smallest int.
    assert.equal(partitionOfKey('hello', 1000), 322);
    assert.equal(partitionOfKey('polygenelubricants', 7), 0);
    // Arrays.hashCode(new byte[] {-1, 2}) is (31 - 1) * 31 + 2.
    assert.equal(partitionOfKey(Uint8Array.of(255, 2), 1000), 932);
  });
});
