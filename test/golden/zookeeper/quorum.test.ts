import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteReader } from '../../../src/base/byte-reader.ts';
import { ByteWriter } from '../../../src/base/byte-writer.ts';
import { LearnerInfo, PacketType, QuorumPacket, SessionPing } from '../../../src/wire/zookeeper/quorum.ts';
import { goldenLines } from '../../support/golden.ts';
import { type Json, toJson } from '../../support/jute-json.ts';
import { describeTxn, readAll, recodeTxn } from '../../support/txn-json.ts';

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

const lines = goldenLines<Line>('zookeeper/quorum/learner.jsonl.gz').filter((line) => line.kind === 'packet');

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

describe("packets between Apache's leader and learners", () => {
  for (const type of new Set(lines.map((line) => line.type))) {
    it(`${type} decodes and encodes`, () => {
      for (const line of lines.filter((line) => line.type === type)) {
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
          assert.deepEqual(describeData(packet.data), line.data, `packet ${line.seq}`);
        }
        if (packet.data !== null && (type === 'PROPOSAL' || type === 'INFORM')) {
          assert.deepEqual(recodeTxn(packet.data), packet.data);
        }
        const writer = new ByteWriter();
        QuorumPacket.write(writer, packet);
        assert.equal(writer.toBuffer().toString('hex'), line.hex);
      }
    });
  }
});
