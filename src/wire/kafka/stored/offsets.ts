/**
 * Records of __consumer_offsets for committed offsets and classic groups.
 *
 * A key starts with its record type as an int16 (`key` of the schema here), a value with its version as an int16;
 * neither is part of the schema. 3.9 calls the record type the version of the key.
 */
import { array, bytes, int32, int64, message, string, uuid } from '../schema/index.ts';

/** Type 0 of old brokers, the same bytes as type 1; Apache 3.9 calls both OffsetCommitKey. */
export const LegacyOffsetCommitKey = message(
  'LegacyOffsetCommitKey',
  { key: 0, kind: 'coordinator-key', versions: '0', flexible: 'none' },
  {
    group: string('0+'),
    topic: string('0+'),
    partition: int32('0+'),
  },
);

export const LegacyOffsetCommitValue = message(
  'LegacyOffsetCommitValue',
  { key: 0, kind: 'coordinator-value', versions: '0', flexible: 'none' },
  {
    offset: int64('0+'),
    metadata: string('0+'),
    commitTimestamp: int64('0+'),
  },
);

/** Precedes {@link OffsetCommitValue}; the value is null when the offset is deleted. */
export const OffsetCommitKey = message(
  'OffsetCommitKey',
  { key: 1, kind: 'coordinator-key', versions: '0', flexible: 'none' },
  {
    group: string('0+'),
    topic: string('0+'),
    partition: int32('0+'),
  },
);

export const OffsetCommitValue = message(
  'OffsetCommitValue',
  { key: 1, kind: 'coordinator-value', versions: '0-4', flexible: '4+' },
  {
    offset: int64('0+'),
    leaderEpoch: int32('3+', { default: -1, ignorable: true }),
    metadata: string('0+'),
    commitTimestamp: int64('0+'),
    expireTimestamp: int64('1', { default: -1, ignorable: true }),
    topicId: uuid('4+', { tag: 0, ignorable: true }),
  },
);

/** Precedes {@link GroupMetadataValue}. */
export const GroupMetadataKey = message(
  'GroupMetadataKey',
  { key: 2, kind: 'coordinator-key', versions: '0', flexible: 'none' },
  {
    group: string('0+'),
  },
);

const MemberMetadata = {
  memberId: string('0+'),
  groupInstanceId: string('3+', { nullable: '3+', default: null, ignorable: true }),
  clientId: string('0+'),
  clientHost: string('0+'),
  rebalanceTimeout: int32('1+', { default: -1, ignorable: true }),
  sessionTimeout: int32('0+'),
  subscription: bytes('0+'),
  assignment: bytes('0+'),
};

export const GroupMetadataValue = message(
  'GroupMetadataValue',
  { key: 2, kind: 'coordinator-value', versions: '0-4', flexible: '4+' },
  {
    protocolType: string('0+'),
    generation: int32('0+'),
    protocol: string('0+', { nullable: '0+' }),
    leader: string('0+', { nullable: '0+' }),
    currentStateTimestamp: int64('2+', { default: -1, ignorable: true }),
    members: array('0+', MemberMetadata),
  },
);
