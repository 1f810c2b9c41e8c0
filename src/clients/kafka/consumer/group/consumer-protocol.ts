import { ByteReader } from '../../../../base/byte-reader.ts';
import { ByteWriter } from '../../../../base/byte-writer.ts';
import { MalformedError } from '../../../../base/malformed-error.ts';
import type { Message } from '../../../../wire/kafka/schema/index.ts';
import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
} from '../../../../wire/kafka/stored/consumer-protocol.ts';
import type { TopicPartition } from '../../cluster/cluster-metadata.ts';
import type { MemberAssignment, MemberSubscription } from './assignors/assignor.ts';
import { comparePartitions, compareStrings } from './assignors/members.ts';

/** What members of classic groups tell each other: a version, then the message. As `internals.ConsumerProtocol`. */

export type OwnSubscription = Omit<MemberSubscription, 'memberId' | 'groupInstanceId'>;

export function encodeSubscription(subscription: OwnSubscription): Buffer {
  const { topics, userData, ownedPartitions, generationId, rackId } = subscription;
  return encode(ConsumerProtocolSubscription, {
    topics: [...topics].sort(compareStrings),
    userData,
    ownedPartitions: byTopic(ownedPartitions),
    generationId,
    rackId,
  });
}

/** Throws {@link MalformedError}. */
export function decodeSubscription(bytes: Buffer): OwnSubscription {
  const { reader, version } = open(ConsumerProtocolSubscription, bytes);
  const { topics, userData, ownedPartitions, generationId, rackId } =
    ConsumerProtocolSubscription.at(version).read(reader);
  return { topics, userData, ownedPartitions: flat(ownedPartitions), generationId, rackId };
}

export function encodeAssignment({ partitions, userData }: MemberAssignment): Buffer {
  return encode(ConsumerProtocolAssignment, { assignedPartitions: byTopic(partitions), userData });
}

/** No bytes are no partitions. Throws {@link MalformedError}. */
export function decodeAssignment(bytes: Buffer): MemberAssignment {
  if (bytes.length === 0) return { partitions: [], userData: null };
  const { reader, version } = open(ConsumerProtocolAssignment, bytes);
  const { assignedPartitions, userData } = ConsumerProtocolAssignment.at(version).read(reader);
  return { partitions: flat(assignedPartitions), userData };
}

function encode(message: Message, body: unknown): Buffer {
  const writer = new ByteWriter();
  const version = message.versions.max;
  writer.int16(version);
  message.at(version).write(writer, body);
  return writer.toBuffer();
}

/** Later versions only add at the end: they are read as the last that is known. */
function open(message: Message, bytes: Buffer): { reader: ByteReader; version: number } {
  const reader = new ByteReader(bytes);
  const version = reader.int16();
  if (version < 0) throw new MalformedError(`${message.name} of version ${version}`);
  return { reader, version: Math.min(version, message.versions.max) };
}

function byTopic(partitions: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of [...partitions].sort(comparePartitions)) {
    const known = topics.get(topic);
    if (known === undefined) topics.set(topic, [partition]);
    else known.push(partition);
  }
  return [...topics].map(([topic, numbers]) => ({ topic, partitions: numbers }));
}

function flat(
  topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
): TopicPartition[] {
  return topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })));
}
