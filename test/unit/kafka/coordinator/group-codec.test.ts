import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MalformedError } from '../../../../src/base/malformed-error.ts';
import { coordinatorPartition } from '../../../../src/kafka/coordinator/coordinator-partition.ts';
import { groupCodec } from '../../../../src/kafka/coordinator/group/group-codec.ts';
import type { GroupRecord } from '../../../../src/kafka/coordinator/group/records.ts';
import { GroupMetadataValue, OffsetCommitValue } from '../../../../src/wire/kafka/stored/offsets.ts';
import { goldenJson } from '../../../support/golden.ts';

/** A version in front of a body, as keys and values have it. */
function prefixed(prefix: number, body: Buffer): Buffer {
  const head = Buffer.alloc(2);
  head.writeInt16BE(prefix);
  return Buffer.concat([head, body]);
}

const OFFSET: GroupRecord = {
  type: 'offset',
  group: 'g',
  topic: 't',
  partition: 7,
  value: { offset: 5, leaderEpoch: 3, metadata: 'm', commitTimestampMs: 9, expireTimestampMs: -1 },
};

describe('records of __consumer_offsets', () => {
  it('an offset is written in version 3, with an expiry of its own in version 1', () => {
    assert.equal(groupCodec.encode(OFFSET).key.readInt16BE(0), 1);
    assert.equal(groupCodec.encode(OFFSET).value?.readInt16BE(0), 3);
    const { key, value } = groupCodec.encode(OFFSET);
    assert.deepEqual(groupCodec.decode(key, value), OFFSET);
    const expiring = { ...OFFSET, value: { ...OFFSET.value, expireTimestampMs: 12 } } as GroupRecord;
    const encoded = groupCodec.encode(expiring);
    assert.equal(encoded.value?.readInt16BE(0), 1);
    // Version 1 has no room for the leader epoch.
    assert.deepEqual(groupCodec.decode(encoded.key, encoded.value), {
      ...expiring,
      value: { ...expiring.value, leaderEpoch: -1 },
    });
  });

  it('a group is written in version 3; tombstones have no value', () => {
    const record: GroupRecord = {
      type: 'group',
      group: 'g',
      value: {
        protocolType: 'consumer',
        generation: 4,
        protocol: 'range',
        leader: 'm',
        currentStateTimestampMs: 77,
        members: [
          {
            memberId: 'm',
            groupInstanceId: 'i',
            clientId: 'c',
            clientHost: '/h',
            rebalanceTimeoutMs: 2,
            sessionTimeoutMs: 1,
            subscription: Buffer.from('s'),
            assignment: Buffer.from('a'),
          },
        ],
      },
    };
    const { key, value } = groupCodec.encode(record);
    assert.deepEqual([key.readInt16BE(0), value?.readInt16BE(0)], [2, 3]);
    assert.deepEqual(groupCodec.decode(key, value), record);
    for (const gone of [
      { ...record, value: null },
      { ...OFFSET, value: null },
    ] as GroupRecord[]) {
      const tombstone = groupCodec.encode(gone);
      assert.equal(tombstone.value, null);
      assert.deepEqual(groupCodec.decode(tombstone.key, null), gone);
    }
  });

  for (const version of [0, 1, 2, 3, 4]) {
    it(`offsets of version ${version} are read`, () => {
      const { key } = groupCodec.encode(OFFSET);
      const body = OffsetCommitValue.at(version).encode({
        offset: 5,
        leaderEpoch: 3,
        metadata: 'm',
        commitTimestamp: 9,
      });
      const record = groupCodec.decode(key, prefixed(version, body));
      assert.deepEqual(record, {
        ...OFFSET,
        value: { ...OFFSET.value, leaderEpoch: version >= 3 ? 3 : -1 },
      });
    });

    it(`groups of version ${version} are read`, () => {
      const { key } = groupCodec.encode({ type: 'group', group: 'g', value: null });
      const member = {
        memberId: 'm',
        clientId: 'c',
        clientHost: '/h',
        sessionTimeout: 1000,
        rebalanceTimeout: 2000,
        subscription: Buffer.from('s'),
        assignment: Buffer.from('a'),
      };
      const body = GroupMetadataValue.at(version).encode({
        protocolType: 'consumer',
        generation: 1,
        protocol: 'range',
        leader: 'm',
        currentStateTimestamp: 5,
        members: [member],
      });
      const record = groupCodec.decode(key, prefixed(version, body));
      assert.ok(record?.type === 'group' && record.value !== null);
      assert.equal(record.value.currentStateTimestampMs, version >= 2 ? 5 : -1);
      assert.equal(record.value.members[0]?.rebalanceTimeoutMs, version >= 1 ? 2000 : 1000);
    });
  }

  it('keys of type 0 are offsets too; unknown types are told apart from damaged records', () => {
    const { key, value } = groupCodec.encode(OFFSET);
    const old = Buffer.from(key);
    old.writeInt16BE(0);
    assert.deepEqual(groupCodec.decode(old, value), OFFSET);
    for (const type of [3, 8, -1])
      assert.equal(groupCodec.decode(prefixed(type, Buffer.from('x')), value), undefined);
    const damaged: [Buffer, Buffer | null][] = [
      [Buffer.alloc(0), null],
      [Buffer.from([0]), null],
      [key.subarray(0, key.length - 1), null],
      [key, Buffer.alloc(0)],
      [key, Buffer.from([0, 5])],
      [key, Buffer.from([0xff, 0xff])],
      [key, value?.subarray(0, 5) ?? null],
    ];
    for (const [badKey, badValue] of damaged) {
      assert.throws(() => groupCodec.decode(badKey, badValue), MalformedError);
    }
  });
});

describe('the partition of a group', () => {
  it('is the one that Apache chooses', () => {
    const { javaStringHashCodeMod50: vectors } = goldenJson<{
      javaStringHashCodeMod50: { text: string; partition: number }[];
    }>('kafka/records/primitives.json');
    assert.ok(vectors.length > 3);
    for (const { text, partition } of vectors) assert.equal(coordinatorPartition(text, 50), partition, text);
    assert.equal(coordinatorPartition('polygenelubricants', 50), 0, 'whose hash is the smallest integer');
  });
});
