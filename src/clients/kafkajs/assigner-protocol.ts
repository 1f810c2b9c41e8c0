import { ByteReader } from '../../base/byte-reader.ts';
import { ByteWriter } from '../../base/byte-writer.ts';
import type { ISerializer } from './types/common.ts';
import type { Assignment, MemberAssignment, MemberMetadata } from './types/consumer.ts';

const NOTHING = Buffer.alloc(0);

function writeText(writer: ByteWriter, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  writer.int16(bytes.length);
  writer.bytes(bytes);
}

function readText(reader: ByteReader): string {
  return reader.bytes(reader.int16()).toString('utf8');
}

function writeUserData(writer: ByteWriter, userData: Buffer | null | undefined): void {
  const bytes = userData ?? NOTHING;
  writer.int32(bytes.length);
  writer.bytes(bytes);
}

/** The user data at the end; empty where there is none, as with other clients that leave them out. */
function readUserData(reader: ByteReader): Buffer {
  const length = reader.remaining >= 4 ? reader.int32() : -1;
  return length > 0 ? Buffer.from(reader.bytes(length)) : NOTHING;
}

function readEntries<T>(reader: ByteReader, read: () => T): T[] {
  const count = reader.checkCount(Math.max(0, reader.int32()));
  return Array.from({ length: count }, read);
}

/** What members say of themselves (`ConsumerProtocolSubscription`, version 0 and what later ones begin with). */
const memberMetadata: ISerializer<MemberMetadata> = {
  encode({ version, topics, userData }) {
    const writer = new ByteWriter();
    writer.int16(version);
    writer.int32(topics.length);
    for (const topic of topics) writeText(writer, topic);
    writeUserData(writer, userData);
    return writer.toBuffer();
  },
  decode(buffer) {
    const reader = new ByteReader(buffer);
    const version = reader.int16();
    const topics = readEntries(reader, () => readText(reader));
    return { version, topics, userData: readUserData(reader) };
  },
};

/** What the leader gives to a member (`ConsumerProtocolAssignment`). */
const memberAssignment: ISerializer<MemberAssignment> = {
  encode({ version, assignment, userData }) {
    const writer = new ByteWriter();
    writer.int16(version);
    const topics = Object.entries(assignment);
    writer.int32(topics.length);
    for (const [topic, partitions] of topics) {
      writeText(writer, topic);
      writer.int32(partitions.length);
      for (const partition of partitions) writer.int32(partition);
    }
    writeUserData(writer, userData);
    return writer.toBuffer();
  },
  /** Null for no bytes: a member that was given nothing. */
  decode(buffer) {
    if (buffer.length < 2) return null;
    const reader = new ByteReader(buffer);
    const version = reader.int16();
    const assignment: Assignment = {};
    for (const [topic, partitions] of readEntries(reader, () => {
      const name = readText(reader);
      return [name, readEntries(reader, () => reader.int32())] as const;
    })) {
      assignment[topic] = partitions;
    }
    return { version, assignment, userData: readUserData(reader) };
  },
};

export const AssignerProtocol = { MemberMetadata: memberMetadata, MemberAssignment: memberAssignment };
