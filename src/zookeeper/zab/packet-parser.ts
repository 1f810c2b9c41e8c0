import { ByteReader } from '../../base/byte-reader.ts';
import { MalformedError } from '../../base/malformed-error.ts';
import { QuorumPacket } from '../../wire/zookeeper/quorum.ts';

const TYPE_AND_ZXID_BYTES = 12;
const LENGTH_BYTES = 4;
/** No client proves more identities than this. */
const MAX_IDENTITIES = 1024;

/**
 * Cuts a byte stream into quorum packets, which have no length in front: each has to be measured. What follows
 * a SNAP is no packet: {@link takeRest} hands it over.
 */
export class PacketParser {
  private readonly maxDataBytes: number;
  private chunks: Buffer[] = [];
  private size = 0;
  /** A packet that begins here is not whole before so many bytes are there. */
  private wanted = TYPE_AND_ZXID_BYTES;

  /** `maxDataBytes` bounds the data of one packet, and each string in it. */
  constructor(maxDataBytes: number) {
    this.maxDataBytes = maxDataBytes;
  }

  push(bytes: Buffer): void {
    this.chunks.push(bytes);
    this.size += bytes.length;
  }

  /** The next packet, a view of the received bytes; undefined until it is whole. Throws MalformedError. */
  next(): QuorumPacket | undefined {
    if (this.size < this.wanted) return undefined;
    const front = this.front();
    const length = this.measure(front);
    if (length > front.length) {
      this.wanted = length;
      return undefined;
    }
    this.wanted = TYPE_AND_ZXID_BYTES;
    const packet = QuorumPacket.read(new ByteReader(front, 0, length));
    this.chunks = length === front.length ? [] : [front.subarray(length)];
    this.size -= length;
    return packet;
  }

  /** What has been received and not been taken. The parser begins anew with what is pushed afterwards. */
  takeRest(): Buffer {
    const rest = this.front();
    this.chunks = [];
    this.size = 0;
    this.wanted = TYPE_AND_ZXID_BYTES;
    return rest;
  }

  private front(): Buffer {
    const [first] = this.chunks;
    if (first !== undefined && this.chunks.length === 1) return first;
    const joined = Buffer.concat(this.chunks);
    this.chunks = [joined];
    return joined;
  }

  /** The length of the first packet, or, where that is not known yet, a length that must be there to know more. */
  private measure(bytes: Buffer): number {
    let end = TYPE_AND_ZXID_BYTES + LENGTH_BYTES;
    if (bytes.length < end) return end;
    end += this.lengthAt(bytes, end - LENGTH_BYTES, this.maxDataBytes) + LENGTH_BYTES;
    if (bytes.length < end) return end;
    const identities = this.lengthAt(bytes, end - LENGTH_BYTES, MAX_IDENTITIES);
    // Two strings each: scheme and id.
    for (let i = 0; i < identities * 2; i++) {
      end += LENGTH_BYTES;
      if (bytes.length < end) return end;
      end += this.lengthAt(bytes, end - LENGTH_BYTES, this.maxDataBytes);
    }
    return end;
  }

  /** Of a buffer, string or vector; 0 for null. */
  private lengthAt(bytes: Buffer, offset: number, limit: number): number {
    const length = bytes.readInt32BE(offset);
    if (length < -1 || length > limit) {
      throw new MalformedError(`${length} where a length of at most ${limit} should be`);
    }
    return Math.max(length, 0);
  }
}
