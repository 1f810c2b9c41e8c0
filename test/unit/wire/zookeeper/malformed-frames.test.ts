import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteReader } from '../../../../src/base/byte-reader.ts';
import { MalformedError } from '../../../../src/base/malformed-error.ts';
import { checkFrameLength } from '../../../../src/wire/jute/limits.ts';
import { readMultiRequest } from '../../../../src/wire/zookeeper/multi.ts';
import { OpCode } from '../../../../src/wire/zookeeper/op-codes.ts';
import { RequestHeader } from '../../../../src/wire/zookeeper/protocol.ts';
import { goldenLines } from '../../../support/golden.ts';
import { operation } from '../../../support/zookeeper-operations.ts';

interface Line {
  label: string;
  kind?: string;
  hex: string;
}

describe('malformed frames', () => {
  const lines = goldenLines<Line>('zookeeper/sessions/session-life.jsonl.gz');

  it('have lengths that are refused before anything is allocated', () => {
    const raw = lines.filter((line) => line.kind === 'raw');
    assert.equal(raw.length, 2);
    for (const { hex } of raw) {
      assert.throws(() => checkFrameLength(Buffer.from(hex, 'hex').readInt32BE(0)), MalformedError);
    }
    assert.equal(checkFrameLength(0xfffff), 0xfffff);
    assert.throws(() => checkFrameLength(0x100000), MalformedError);
  });

  it('end before their record does', () => {
    const short = lines.find((line) => line.label === 'op on a frame too short for its record' && line.hex);
    const connected = lines.filter((line) => line.label === short?.label && line.kind === 'undecoded');
    assert.equal(connected.length, 1);
    const reader = new ByteReader(Buffer.from(connected[0]?.hex ?? '', 'hex'));
    const header = RequestHeader.read(reader);
    assert.equal(header.type, OpCode.getData);
    assert.throws(() => operation(header.type)?.request?.read(reader), MalformedError);
  });

  it('are refused as multi: unknown operations, reads mixed with writes, no end', () => {
    for (const hex of [
      '0000000b00ffffffff',
      '0000000200ffffffff000000022f61ffffffff0000000400ffffffff000000022f6100ffffffff01ffffffff',
      '0000000200ffffffff000000022f61ffffffff',
    ]) {
      assert.throws(() => readMultiRequest(new ByteReader(Buffer.from(hex, 'hex'))), MalformedError);
    }
  });
});
