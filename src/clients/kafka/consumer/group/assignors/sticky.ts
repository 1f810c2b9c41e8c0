import { ByteReader } from '../../../../../base/byte-reader.ts';
import { ByteWriter } from '../../../../../base/byte-writer.ts';
import { getOrPut } from '../../../../../base/get-or-put.ts';
import { MalformedError } from '../../../../../base/malformed-error.ts';
import type { TopicPartition } from '../../../cluster/cluster-metadata.ts';
import type { Assignor, GroupSubscription, MemberSubscription } from './assignor.ts';
import { plainAssignments } from './members.ts';
import { assignConstrained, withoutMoving } from './sticky-constrained.ts';
import { assignGenerally } from './sticky-general.ts';
import { NO_GENERATION, type Previous, stickyInput, type Unit } from './sticky-input.ts';

/**
 * As even as it can be, and with as few moves as that allows. Members tell in their user data what they had: they give
 * it all up before a rebalance. As `StickyAssignor`.
 */
export function stickyAssignor(): Assignor {
  let had: Previous | undefined;
  return {
    name: 'sticky',
    userData: () => (had === undefined ? null : encodePrevious(had)),
    onAssignment({ partitions }, generation) {
      had = { partitions, generation };
    },
    assign(group) {
      const input = stickyInput(group, previousInUserData);
      return plain(input.allWantTheSame ? assignConstrained(input).assignment : assignGenerally(input));
    },
  };
}

/**
 * As {@link stickyAssignor}, for members that keep what they have during a rebalance (KIP-429): what is to move is given
 * up first, and given to its new owner by the rebalance after. As `CooperativeStickyAssignor`.
 */
export function cooperativeStickyAssignor(): Assignor {
  let generationId = NO_GENERATION;
  return {
    name: 'cooperative-sticky',
    protocols: ['cooperative', 'eager'],
    userData() {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(generationId);
      return bytes;
    },
    onAssignment(_, generation) {
      generationId = generation;
    },
    assign(group) {
      const input = stickyInput(group, previousInSubscription);
      if (input.allWantTheSame) return plain(withoutMoving(assignConstrained(input)));
      const assignment = assignGenerally(input);
      return plain(withoutMoving({ assignment, moving: movesIn(group, assignment) }));
    },
  };
}

function plain(assignment: ReadonlyMap<string, readonly Unit[]>) {
  return plainAssignments(
    new Map(
      [...assignment].map(([memberId, units]) => [
        memberId,
        units.map(({ topic, partition }) => ({ topic, partition })),
      ]),
    ),
  );
}

/** What one member gets that another must give up first. */
function movesIn(group: GroupSubscription, assignment: ReadonlyMap<string, readonly Unit[]>) {
  const added = new Map<Unit, string>();
  const given = new Set<string>();
  for (const { memberId, ownedPartitions } of group.members) {
    const owned = new Set(ownedPartitions.map(({ topic, partition }) => `${topic}-${partition}`));
    const gets = assignment.get(memberId) ?? [];
    for (const unit of gets) if (!owned.has(unit.key)) added.set(unit, memberId);
    for (const unit of gets) owned.delete(unit.key);
    for (const key of owned) given.add(key);
  }
  return new Map([...added].filter(([{ key }]) => given.has(key)));
}

function previousInSubscription(member: MemberSubscription): Previous {
  const { ownedPartitions: partitions, generationId, userData } = member;
  if (generationId >= 0) return { partitions, generation: generationId };
  if (userData === null) return { partitions, generation: undefined };
  return { partitions, generation: userData.length < 4 ? NO_GENERATION : userData.readInt32BE(0) };
}

function previousInUserData({ userData }: MemberSubscription): Previous {
  if (userData === null || userData.length === 0) return { partitions: [], generation: undefined };
  const reader = new ByteReader(userData);
  try {
    const partitions: TopicPartition[] = [];
    for (let topics = reader.checkCount(reader.int32()); topics > 0; topics--) {
      const topic = reader.utf8(reader.int16());
      for (let left = reader.checkCount(reader.int32(), 4); left > 0; left--) {
        partitions.push({ topic, partition: reader.int32() });
      }
    }
    // The first version had no generation.
    return { partitions, generation: reader.remaining < 4 ? undefined : reader.int32() };
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    // As Apache does: what cannot be read is no claim.
    return { partitions: [], generation: NO_GENERATION };
  }
}

function encodePrevious({ partitions, generation }: Previous): Buffer {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of partitions) getOrPut(topics, topic, () => []).push(partition);
  const writer = new ByteWriter();
  writer.int32(topics.size);
  for (const [topic, numbers] of topics) {
    writer.int16(Buffer.byteLength(topic));
    writer.utf8(topic);
    writer.int32(numbers.length);
    for (const number of numbers) writer.int32(number);
  }
  writer.int32(generation ?? NO_GENERATION);
  return writer.toBuffer();
}
