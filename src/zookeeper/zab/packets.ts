import { ByteReader } from '../../base/byte-reader.ts';
import { ByteWriter } from '../../base/byte-writer.ts';
import { MalformedError } from '../../base/malformed-error.ts';
import type { Id } from '../../wire/zookeeper/data.ts';
import { LearnerInfo, PacketType, QuorumPacket, SessionPing } from '../../wire/zookeeper/quorum.ts';
import { decodeTxnEntry, type EncodedTxn } from '../../wire/zookeeper/txn-entry.ts';

/** What leader and learners put into the packets between them, both ways. */

/** ZAB 1.0, as since ZooKeeper 3.4: older leaders and learners are not spoken with. */
const PROTOCOL_VERSION = 0x10000;

/** The name of a packet's type, for logs. */
export function packetName(type: number): string {
  const name = Object.entries(PacketType).find(([, code]) => code === type)?.[0];
  return name ?? `packet of type ${type}`;
}

function packet(type: PacketType, zxid: number, data: Buffer | null = null): Buffer {
  return QuorumPacket.encode({ type, zxid, data, authinfo: null });
}

/** A packet that is nothing but a type and a zxid. */
export function plainPacket(type: PacketType, zxid: number): Buffer {
  return packet(type, zxid);
}

export interface LearnerHello {
  readonly id: number;
  readonly isObserver: boolean;
  readonly acceptedEpoch: number;
  /** The version of the learner's committed configuration. */
  readonly configVersion: number;
}

/** FOLLOWERINFO or OBSERVERINFO: the first packet of a learner. `zxid` is its accepted epoch's first. */
export function helloPacket(hello: LearnerHello, acceptedZxid: number): Buffer {
  const { id, isObserver, configVersion } = hello;
  const info = LearnerInfo.encode({ serverid: id, protocolVersion: PROTOCOL_VERSION, configVersion });
  return packet(isObserver ? PacketType.OBSERVERINFO : PacketType.FOLLOWERINFO, acceptedZxid, info);
}

/** Throws MalformedError. */
export function readLearnerInfo(data: Buffer | null): LearnerInfo {
  const info = LearnerInfo.decode(required(data));
  if (info.protocolVersion < PROTOCOL_VERSION) {
    throw new MalformedError(
      `protocol version ${info.protocolVersion}: the oldest supported is ZooKeeper 3.4's`,
    );
  }
  return info;
}

/** LEADERINFO: the epoch that the leader proposes, as its first zxid. */
export function leaderInfoPacket(epochZxid: number): Buffer {
  return packet(PacketType.LEADERINFO, epochZxid, int32(PROTOCOL_VERSION));
}

/** The answer to LEADERINFO. `currentEpoch` is -1 where the learner had accepted this very epoch before. */
export function ackEpochPacket(currentEpoch: number, lastZxid: number): Buffer {
  return packet(PacketType.ACKEPOCH, lastZxid, int32(currentEpoch));
}

/** The current epoch in an ACKEPOCH. Throws MalformedError. */
export function readAckEpoch(data: Buffer | null): number {
  return new ByteReader(required(data)).int32();
}

/** NEWLEADER with the leader's newest configuration. */
export function newLeaderPacket(epochZxid: number, config: string): Buffer {
  return packet(PacketType.NEWLEADER, epochZxid, Buffer.from(config));
}

export function proposalPacket(txn: Pick<EncodedTxn, 'payload'>, zxid: number): Buffer {
  return packet(PacketType.PROPOSAL, zxid, txn.payload);
}

/** What observers get in place of PROPOSAL and COMMIT. */
export function informPacket(txn: EncodedTxn): Buffer {
  return packet(PacketType.INFORM, txn.entry.header.zxid, txn.payload);
}

/** COMMITANDACTIVATE: a reconfiguration is committed, and who leads from now on. */
export function commitAndActivatePacket(zxid: number, designatedLeader: number): Buffer {
  return packet(PacketType.COMMITANDACTIVATE, zxid, int64(designatedLeader));
}

export function informAndActivatePacket(txn: EncodedTxn, designatedLeader: number): Buffer {
  const data = Buffer.concat([int64(designatedLeader), txn.payload]);
  return packet(PacketType.INFORMANDACTIVATE, txn.entry.header.zxid, data);
}

/** Who leads after a reconfiguration; in front of the transaction, in INFORMANDACTIVATE. */
export function readDesignatedLeader(data: Buffer | null): number {
  return new ByteReader(required(data)).int64();
}

/** The transaction of a PROPOSAL or INFORM. Copies it out of the receive buffer. Throws MalformedError. */
export function readTxn(data: Buffer | null, offset = 0): EncodedTxn {
  const payload = Buffer.from(required(data).subarray(offset));
  return { entry: decodeTxnEntry(payload), payload };
}

/** The transaction behind the designated leader of an INFORMANDACTIVATE. */
export function readInformedTxn(data: Buffer | null): EncodedTxn {
  return readTxn(data, 8);
}

/** A request that a learner forwards, with its client's identities. */
export interface ForwardedRequest {
  readonly sessionId: bigint;
  readonly cxid: number;
  readonly type: number;
  readonly body: Buffer;
  readonly identities: readonly Id[];
}

export function requestPacket(request: ForwardedRequest): Buffer {
  const writer = new ByteWriter();
  writer.bigint64(request.sessionId);
  writer.int32(request.cxid);
  writer.int32(request.type);
  writer.bytes(request.body);
  const authinfo = [...request.identities];
  return QuorumPacket.encode({ type: PacketType.REQUEST, zxid: -1, data: writer.toBuffer(), authinfo });
}

/** Throws MalformedError. */
export function readRequest({ data, authinfo }: QuorumPacket): ForwardedRequest {
  const bytes = Buffer.from(required(data));
  const reader = new ByteReader(bytes);
  const sessionId = reader.bigint64();
  const cxid = reader.int32();
  const type = reader.int32();
  return { sessionId, cxid, type, body: bytes.subarray(reader.offset), identities: authinfo ?? [] };
}

/** The answer to a PING: sessions that the learner has heard from, with their timeouts in milliseconds. */
export function pingReplyPacket(
  zxid: number,
  touched: Iterable<readonly [id: bigint, timeoutMs: number]>,
): Buffer {
  const writer = new ByteWriter();
  for (const [sessionId, timeoutMs] of touched) SessionPing.write(writer, { sessionId, timeoutMs });
  return packet(PacketType.PING, zxid, writer.toBuffer());
}

/** Throws MalformedError. */
export function readPingReply(data: Buffer | null): SessionPing[] {
  const reader = new ByteReader(data ?? Buffer.alloc(0));
  const touched: SessionPing[] = [];
  while (reader.remaining > 0) touched.push(SessionPing.read(reader));
  return touched;
}

/** Asks whether a session goes on at a learner. */
export function revalidatePacket(sessionId: bigint, timeoutMs: number): Buffer {
  return packet(PacketType.REVALIDATE, -1, SessionPing.encode({ sessionId, timeoutMs }));
}

export function readRevalidate(data: Buffer | null): SessionPing {
  return SessionPing.decode(required(data));
}

export function revalidatedPacket(sessionId: bigint, lives: boolean): Buffer {
  const writer = new ByteWriter(9);
  writer.bigint64(sessionId);
  writer.uint8(lives ? 1 : 0);
  return packet(PacketType.REVALIDATE, -1, writer.toBuffer());
}

/** Throws MalformedError. */
export function readRevalidated(data: Buffer | null): { sessionId: bigint; lives: boolean } {
  const reader = new ByteReader(required(data));
  return { sessionId: reader.bigint64(), lives: reader.uint8() !== 0 };
}

function required(data: Buffer | null): Buffer {
  if (data === null) throw new MalformedError('a packet without its data');
  return data;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}
