import { ByteReader } from '../../../base/byte-reader.ts';
import { ByteWriter } from '../../../base/byte-writer.ts';
import { MalformedError } from '../../../base/malformed-error.ts';
import type { Message } from '../../../wire/kafka/schema/index.ts';
import { hasVersion } from '../../../wire/kafka/schema/version-range.ts';
import {
  GroupMetadataKey,
  GroupMetadataValue,
  OffsetCommitKey,
  OffsetCommitValue,
} from '../../../wire/kafka/stored/offsets.ts';
import type { CoordinatorCodec } from '../shard.ts';
import type { CommittedOffset, GroupRecord, StoredGroup } from './records.ts';

/** Record types, which begin every key. Apache 3.9 calls them versions of the key; 0 and 1 say the same. */
const LEGACY_OFFSET_TYPE = 0;
const OFFSET_TYPE = 1;
const GROUP_TYPE = 2;

/** The schemas of both keys have one version only; their types tell them apart. */
const KEY_VERSION = 0;
/** The newest values without tagged fields, as Apache 3.9 writes them. */
const OFFSET_VALUE_VERSION = 3;
const GROUP_VALUE_VERSION = 3;
/** The version that has an expiry of its own, for clients that ask for it. */
const EXPIRING_OFFSET_VALUE_VERSION = 1;

function prefixed<D>(prefix: number, codec: { write(writer: ByteWriter, draft: D): void }, draft: D): Buffer {
  const writer = new ByteWriter();
  writer.int16(prefix);
  codec.write(writer, draft);
  return writer.toBuffer();
}

function valueReader(buffer: Buffer, schema: Message): { reader: ByteReader; version: number } {
  const reader = new ByteReader(buffer);
  const version = reader.int16();
  if (!hasVersion(schema.versions, version)) {
    throw new MalformedError(`${schema.name} has version ${version}, which is not known here`);
  }
  return { reader, version };
}

function encodeOffset(value: CommittedOffset): Buffer {
  const expires = value.expireTimestampMs !== -1;
  const version = expires ? EXPIRING_OFFSET_VALUE_VERSION : OFFSET_VALUE_VERSION;
  return prefixed(version, OffsetCommitValue.at(version), {
    offset: value.offset,
    leaderEpoch: value.leaderEpoch,
    metadata: value.metadata,
    commitTimestamp: value.commitTimestampMs,
    expireTimestamp: value.expireTimestampMs,
  });
}

function decodeOffset(buffer: Buffer): CommittedOffset {
  const { reader, version } = valueReader(buffer, OffsetCommitValue);
  const value = OffsetCommitValue.at(version).read(reader);
  return {
    offset: value.offset,
    leaderEpoch: value.leaderEpoch,
    metadata: value.metadata,
    commitTimestampMs: value.commitTimestamp,
    expireTimestampMs: value.expireTimestamp,
  };
}

function encodeGroup(value: StoredGroup): Buffer {
  return prefixed(GROUP_VALUE_VERSION, GroupMetadataValue.at(GROUP_VALUE_VERSION), {
    protocolType: value.protocolType,
    generation: value.generation,
    protocol: value.protocol,
    leader: value.leader,
    currentStateTimestamp: value.currentStateTimestampMs,
    members: value.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeout: member.rebalanceTimeoutMs,
      sessionTimeout: member.sessionTimeoutMs,
      subscription: member.subscription,
      assignment: member.assignment,
    })),
  });
}

function decodeGroup(buffer: Buffer): StoredGroup {
  const { reader, version } = valueReader(buffer, GroupMetadataValue);
  const value = GroupMetadataValue.at(version).read(reader);
  return {
    protocolType: value.protocolType,
    generation: value.generation,
    protocol: value.protocol,
    leader: value.leader,
    currentStateTimestampMs: value.currentStateTimestamp,
    members: value.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      // Version 0 knew the session timeout only, which stood for both.
      rebalanceTimeoutMs: member.rebalanceTimeout === -1 ? member.sessionTimeout : member.rebalanceTimeout,
      sessionTimeoutMs: member.sessionTimeout,
      // The bytes must not keep the whole buffer of the load alive.
      subscription: Buffer.from(member.subscription),
      assignment: Buffer.from(member.assignment),
    })),
  };
}

/** Records of `__consumer_offsets` as Apache 3.9 writes them; reads all versions up to 4.1's. */
export const groupCodec: CoordinatorCodec<GroupRecord> = {
  encode(record) {
    if (record.type === 'offset') {
      const { group, topic, partition, value } = record;
      return {
        key: prefixed(OFFSET_TYPE, OffsetCommitKey.at(KEY_VERSION), { group, topic, partition }),
        value: value === null ? null : encodeOffset(value),
      };
    }
    return {
      key: prefixed(GROUP_TYPE, GroupMetadataKey.at(KEY_VERSION), { group: record.group }),
      value: record.value === null ? null : encodeGroup(record.value),
    };
  },

  decode(key, value) {
    const reader = new ByteReader(key);
    switch (reader.int16()) {
      case LEGACY_OFFSET_TYPE:
      case OFFSET_TYPE: {
        const { group, topic, partition } = OffsetCommitKey.at(KEY_VERSION).read(reader);
        return {
          type: 'offset',
          group,
          topic,
          partition,
          value: value === null ? null : decodeOffset(value),
        };
      }
      case GROUP_TYPE: {
        const { group } = GroupMetadataKey.at(KEY_VERSION).read(reader);
        return { type: 'group', group, value: value === null ? null : decodeGroup(value) };
      }
      default:
        return undefined;
    }
  },
};
