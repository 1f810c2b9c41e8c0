import type { Random } from '../../../env/random.ts';

const BYTES = 16;

/** The id that a member of a group of the new protocols gives itself: a UUID of version 4 in Kafka's writing, which does not begin with a dash. */
export function newMemberId(random: Random): string {
  for (;;) {
    const bytes = random.bytes(BYTES);
    bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
    bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
    const id = bytes.toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}
