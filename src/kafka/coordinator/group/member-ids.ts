import type { Random } from '../../../env/random.ts';

/** Member ids: the client's own name and a random UUID (RFC 9562, version 4), as Kafka's. */
export function memberIds(random: Random): (prefix: string) => string {
  return (prefix) => {
    const bytes = Buffer.from(random.bytes(16));
    bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
    bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
    const hex = bytes.toString('hex');
    const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
    return `${prefix}-${parts.join('-')}`;
  };
}
