import { murmur2 } from '../../base/murmur2.ts';
import type { Random } from '../../env/random.ts';
import type { ICustomPartitioner, PartitionerArgs } from './types/producer.ts';

type KeyHash = (key: Buffer) => number;

const MULTIPLIER = 0x5bd1e995;
const SEED = 0x9747b28c;

/**
 * The hash of kafkajs before version 2: murmur2 computed in doubles, with as many rounds as the length has quarters.
 * It gives other numbers than Java's, and keeps keys where those programs have put them.
 */
function legacyHash(key: Buffer): number {
  const { length } = key;
  let hash = SEED ^ length;
  for (let index = 0; index < length / 4; index++) {
    const at = 4 * index;
    const byte = (offset: number): number => (key[at + offset] ?? 0) & 0xff;
    let block = byte(0) + (byte(1) << 8) + (byte(2) << 16) + (byte(3) << 24);
    block *= MULTIPLIER;
    block ^= block >>> 24;
    block *= MULTIPLIER;
    hash *= MULTIPLIER;
    hash ^= block;
  }
  const tail = length & ~3;
  if (length % 4 === 3) hash ^= ((key[tail + 2] ?? 0) & 0xff) << 16;
  if (length % 4 >= 2) hash ^= ((key[tail + 1] ?? 0) & 0xff) << 8;
  if (length % 4 >= 1) {
    hash ^= (key[tail] ?? 0) & 0xff;
    hash *= MULTIPLIER;
  }
  hash ^= hash >>> 13;
  hash *= MULTIPLIER;
  hash ^= hash >>> 15;
  return hash;
}

/** A record's own partition, else the hash of its key, else one after another of those that have a leader. */
function partitionerBy(hashOf: KeyHash, random: Random): ICustomPartitioner {
  return () => {
    const counters = new Map<string, number>();
    const next = (topic: string): number => {
      const counter = (counters.get(topic) ?? random.below(0x7fff_ffff)) + 1;
      counters.set(topic, counter);
      return counter & 0x7fff_ffff;
    };
    return ({ topic, partitionMetadata, message }: PartitionerArgs) => {
      const { partition, key } = message;
      if (partition !== null && partition !== undefined) return partition;
      if (key !== null && key !== undefined) {
        const bytes = Buffer.isBuffer(key) ? key : Buffer.from(String(key));
        return (hashOf(bytes) & 0x7fff_ffff) % partitionMetadata.length;
      }
      const available = partitionMetadata.filter(({ leader }) => leader >= 0);
      if (available.length === 0) return next(topic) % partitionMetadata.length;
      return available[next(topic) % available.length]?.partitionId ?? 0;
    };
  };
}

export function createPartitioners(random: Random): {
  DefaultPartitioner: ICustomPartitioner;
  LegacyPartitioner: ICustomPartitioner;
  JavaCompatiblePartitioner: ICustomPartitioner;
} {
  const DefaultPartitioner = partitionerBy(murmur2, random);
  return {
    DefaultPartitioner,
    LegacyPartitioner: partitionerBy(legacyHash, random),
    JavaCompatiblePartitioner: DefaultPartitioner,
  };
}
