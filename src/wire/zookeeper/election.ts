import { ByteReader } from '../../base/byte-reader.ts';
import { ByteWriter } from '../../base/byte-writer.ts';
import { MalformedError } from '../../base/malformed-error.ts';

/** What travels over election connections (QuorumCnxManager and FastLeaderElection of 3.9), which is not jute. */

/** Java's Long.MIN_VALUE, exact as a number: what servers without a vote put in place of leader, zxid and epoch. */
export const LONG_MIN_VALUE = -(2 ** 63);
/** The id of observers that have none of their own (QuorumPeer.OBSERVER_ID, Long.MAX_VALUE). */
const OBSERVER_ID = 2n ** 63n - 1n;

/** First field of a connection: one address follows (3.5), or several (3.6, `multiAddress.enabled`). */
export const ElectionProtocol = { V1: -65_536, V2: -65_535 } as const;

/** Longest address text of an initial message (QuorumCnxManager.maxBuffer). */
const MAX_ADDRESS_BYTES = 2048;
const LONG_BYTES = 8;

/** How a server introduces itself after it has connected. */
export interface InitialMessage {
  /** Undefined for an observer that has no id. */
  readonly serverId: number | undefined;
  /** `host:port`, several of them separated by `|`; undefined before 3.5. */
  readonly addresses: string | undefined;
}

export function encodeInitialMessage(message: {
  readonly protocol: (typeof ElectionProtocol)[keyof typeof ElectionProtocol];
  readonly serverId: number;
  readonly addresses: string;
}): Buffer {
  const addresses = Buffer.from(message.addresses, 'utf8');
  const writer = new ByteWriter();
  writer.int64(message.protocol);
  writer.int64(message.serverId);
  writer.int32(addresses.length);
  writer.bytes(addresses);
  return writer.toBuffer();
}

/**
 * Reads an initial message from the front of what has arrived; undefined until all of it is there. `byteLength` is
 * where the notifications begin. Throws MalformedError.
 */
export function decodeInitialMessage(
  received: Buffer,
): { message: InitialMessage; byteLength: number } | undefined {
  const reader = new ByteReader(received);
  if (reader.remaining < LONG_BYTES) return undefined;
  const first = reader.bigint64();
  // Servers before 3.5 send their id and nothing else.
  if (first >= 0n) {
    return { message: { serverId: serverIdFrom(first), addresses: undefined }, byteLength: LONG_BYTES };
  }
  if (first !== BigInt(ElectionProtocol.V1) && first !== BigInt(ElectionProtocol.V2)) {
    throw new MalformedError(`${first} is no protocol version of election connections`);
  }
  if (reader.remaining < LONG_BYTES + 4) return undefined;
  const serverId = serverIdFrom(reader.bigint64());
  const length = reader.int32();
  if (length <= 0 || length > MAX_ADDRESS_BYTES) {
    throw new MalformedError(`initial message announces ${length} bytes of addresses`);
  }
  if (reader.remaining < length) return undefined;
  const addresses = reader.utf8(length);
  return { message: { serverId, addresses }, byteLength: reader.offset };
}

function serverIdFrom(id: bigint): number | undefined {
  return id === OBSERVER_ID ? undefined : safeNumber(id);
}

/** Longest notification (QuorumCnxManager.PACKETMAXSIZE). */
export const MAX_NOTIFICATION_BYTES = 512 * 1024;

/** A vote on its way, without the length in front of it. */
export interface ElectionNotification {
  /** 0 LOOKING, 1 FOLLOWING, 2 LEADING, 3 OBSERVING. */
  readonly state: number;
  /** LONG_MIN_VALUE where the sender has no vote, as `zxid` and `peerEpoch`. */
  readonly leader: number;
  readonly zxid: number;
  readonly electionEpoch: number;
  readonly peerEpoch: number;
  /** 0 for the formats of 28 and 40 bytes, 1 without and 2 with a configuration. */
  readonly version: number;
  /** The sender's configuration as in `/zookeeper/config`; undefined in versions below 2. */
  readonly config: string | undefined;
}

const BYTES_WITHOUT_PEER_EPOCH = 28;
const BYTES_WITHOUT_VERSION = 40;
const EPOCH_UNIT = 2 ** 32;

/** Reads the formats before 3.4 (28 bytes, the epoch is the zxid's), before 3.4.6 (36 or 40) and later ones. */
export function decodeNotification(bytes: Buffer): ElectionNotification {
  const reader = new ByteReader(bytes);
  const state = reader.int32();
  const leader = readLong(reader);
  const zxid = readLong(reader);
  const electionEpoch = readLong(reader);
  const vote = { state, leader, zxid, electionEpoch };
  if (bytes.length === BYTES_WITHOUT_PEER_EPOCH) {
    return { ...vote, peerEpoch: Math.floor(zxid / EPOCH_UNIT), version: 0, config: undefined };
  }
  const peerEpoch = readLong(reader);
  // The last four of the 40 bytes hold nothing that was ever read.
  if (bytes.length === BYTES_WITHOUT_VERSION) return { ...vote, peerEpoch, version: 0, config: undefined };
  const version = reader.int32();
  const config = version > 1 ? reader.utf8(reader.int32()) : undefined;
  return { ...vote, peerEpoch, version, config };
}

/** As 3.5 and later write it, with a configuration. */
export function encodeNotification(
  notification: Omit<ElectionNotification, 'version' | 'config'> & { readonly config: string },
): Buffer {
  const config = Buffer.from(notification.config, 'utf8');
  const writer = new ByteWriter();
  writer.int32(notification.state);
  for (const field of ['leader', 'zxid', 'electionEpoch', 'peerEpoch'] as const) {
    writer.bigint64(BigInt(notification[field]));
  }
  writer.int32(2);
  writer.int32(config.length);
  writer.bytes(config);
  return writer.toBuffer();
}

function readLong(reader: ByteReader): number {
  const value = reader.bigint64();
  return value === BigInt(LONG_MIN_VALUE) ? LONG_MIN_VALUE : safeNumber(value);
}

function safeNumber(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new MalformedError(`int64 ${value} is beyond 2^53`);
  return number;
}
