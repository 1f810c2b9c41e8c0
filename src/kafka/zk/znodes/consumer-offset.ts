import { decimal } from '../json.ts';

/** `/consumers`: groups of the consumers from before version 0.9, which kept everything in ZooKeeper. */
export const consumersPath = '/consumers';

/** `/consumers/GROUP/offsets/TOPIC/PARTITION`: a bare number; what OffsetCommit version 0 writes. */
export function consumerOffsetPath(group: string, topic: string, partition: number): string {
  return `${consumersPath}/${group}/offsets/${topic}/${partition}`;
}

export function encodeConsumerOffset(offset: number): Buffer {
  return Buffer.from(String(offset));
}

/** Null when the node holds no offset. */
export function decodeConsumerOffset(path: string, data: Buffer | null): number | null {
  return data === null ? null : decimal(path, data.toString());
}
