import assert from 'node:assert/strict';
import { ByteReader } from '../../src/base/byte-reader.ts';
import { ByteWriter } from '../../src/base/byte-writer.ts';
import { LearnerInfo, PacketType, QuorumPacket, SessionPing } from '../../src/wire/zookeeper/quorum.ts';
import { type Json, toJson } from '../support/jute-json.ts';
import { describeTxn, readAll, recodeTxn } from '../support/txn-json.ts';
import type { GoldenCheck } from './check.ts';

interface Line {
  seq: number;
  kind?: string;
  type: keyof typeof PacketType;
  typeCode: number;
  zxid: string;
  authinfo: Json;
  dataLength: number;
  data?: Json;
  hex: string;
}

/** What the packet's data means, where it is made of records. */
const contents: { readonly [type: string]: (data: Buffer) => Json } = {
  FOLLOWERINFO: (data) => toJson(LearnerInfo.decode(data)),
  OBSERVERINFO: (data) => toJson(LearnerInfo.decode(data)),
  PROPOSAL: (data) => toJson(describeTxn(data)),
  INFORM: (data) => toJson(describeTxn(data)),
  NEWLEADER: (data) => data.toString('utf8'),
  PING: (data) =>
    readAll(SessionPing, data).map((ping) => ({
      sessionId: String(ping.sessionId),
      timeout: ping.timeoutMs,
    })),
};

function checkPacket(line: Line): void {
  const reader = new ByteReader(Buffer.from(line.hex, 'hex'));
  const packet = QuorumPacket.read(reader);
  assert.equal(reader.remaining, 0);
  assert.equal(packet.type, PacketType[line.type]);
  assert.equal(packet.type, line.typeCode);
  assert.equal(BigInt.asUintN(64, BigInt(packet.zxid)), BigInt(line.zxid));
  assert.deepEqual(toJson(packet.authinfo), line.authinfo);
  assert.equal(packet.data?.length ?? -1, line.dataLength);
  const describeData = contents[line.type];
  if (packet.data !== null && describeData !== undefined) {
    assert.deepEqual(describeData(packet.data), line.data);
  }
  if (packet.data !== null && (line.type === 'PROPOSAL' || line.type === 'INFORM')) {
    assert.deepEqual(recodeTxn(packet.data), packet.data);
  }
  const writer = new ByteWriter();
  QuorumPacket.write(writer, packet);
  assert.equal(writer.toBuffer().toString('hex'), line.hex);
}

/** Packets between Apache's leader and learners: decoded as stated, encoded to the same bytes. */
export const zookeeperQuorumPackets: GoldenCheck = {
  name: 'ZooKeeper quorum packets',
  matches: (path) => path === 'zookeeper/quorum/learner.jsonl.gz',
  *cases(file) {
    for (const line of file.lines<Line>().filter(({ kind }) => kind === 'packet')) {
      yield { label: `${line.seq}: ${line.type}`, run: () => checkPacket(line) };
    }
  },
};
