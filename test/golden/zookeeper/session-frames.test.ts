import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteReader } from '../../../src/base/byte-reader.ts';
import { ByteWriter } from '../../../src/base/byte-writer.ts';
import { MalformedError } from '../../../src/base/malformed-error.ts';
import { checkFrameLength } from '../../../src/wire/jute/limits.ts';
import type { FieldType } from '../../../src/wire/jute/types.ts';
import {
  ConnectRequestWithoutReadOnly,
  ConnectResponseWithoutReadOnly,
  type Handshake,
  readConnectRequest,
  readConnectResponse,
} from '../../../src/wire/zookeeper/connect.ts';
import { errorInfo } from '../../../src/wire/zookeeper/errors.ts';
import {
  readMultiRequest,
  readMultiResponse,
  writeMultiRequest,
  writeMultiResponse,
} from '../../../src/wire/zookeeper/multi.ts';
import { OpCode, opName } from '../../../src/wire/zookeeper/op-codes.ts';
import { operation } from '../../support/zookeeper-operations.ts';
import {
  ConnectRequest,
  ConnectResponse,
  ReplyHeader,
  RequestHeader,
  WatcherEvent,
} from '../../../src/wire/zookeeper/protocol.ts';
import { goldenLines } from '../../support/golden.ts';
import { type Json, toJson } from '../../support/jute-json.ts';

interface Line {
  label: string;
  dir: string;
  kind?: string;
  op?: string;
  header?: { [name: string]: number };
  error?: string;
  record?: Json;
  ops?: { header: { type: number; done: boolean }; request?: Json }[];
  results?: { header: { type: number; done: boolean }; response?: Json }[];
  undecodedBytes?: number;
  hex: string;
}

/** Decodes the frame, compares it with the capture, encodes it again and compares the bytes. */
function check(line: Line): void {
  const frame = Buffer.from(line.hex, 'hex');
  const reader = new ByteReader(frame);
  const writer = new ByteWriter();
  switch (line.kind) {
    case 'ConnectRequest':
      checkHandshake(readConnectRequest(reader), line, writer, [
        ConnectRequest,
        ConnectRequestWithoutReadOnly,
      ]);
      break;
    case 'ConnectResponse':
      checkHandshake(readConnectResponse(reader), line, writer, [
        ConnectResponse,
        ConnectResponseWithoutReadOnly,
      ]);
      break;
    case 'request':
      checkRecord(RequestHeader, reader, writer, line.header ?? null);
      checkRequestBody(line, reader, writer);
      break;
    case 'reply':
      checkRecord(ReplyHeader, reader, writer, line.header ?? null);
      checkReplyBody(line, reader, writer);
      break;
    case 'event':
      checkRecord(ReplyHeader, reader, writer, line.header ?? null);
      checkRecord(WatcherEvent, reader, writer, line.record ?? null);
      break;
    default:
      assert.fail(`unknown kind ${line.kind}`);
  }
  assert.equal(reader.remaining, line.undecodedBytes ?? 0);
  assert.equal(writer.toBuffer().toString('hex'), frame.toString('hex', 0, frame.length - reader.remaining));
}

function checkHandshake<T>(
  handshake: Handshake<T>,
  line: Line,
  writer: ByteWriter,
  [full, old]: [FieldType<T>, FieldType<Omit<T, 'readOnly'>>],
): void {
  const expected = line.record as { [name: string]: Json };
  assert.deepEqual(toJson(handshake.record), { readOnly: false, ...expected });
  if (handshake.hasReadOnly) full.write(writer, handshake.record);
  else old.write(writer, handshake.record);
}

function checkRecord<T>(type: FieldType<T>, reader: ByteReader, writer: ByteWriter, expected: Json): void {
  const value = type.read(reader);
  assert.deepEqual(toJson(value), expected);
  type.write(writer, value);
}

function checkRequestBody(line: Line, reader: ByteReader, writer: ByteWriter): void {
  const type = line.header?.['type'] ?? 0;
  assert.equal(opName(type) ?? null, line.op ?? null);
  if (line.ops !== undefined) {
    const ops = readMultiRequest(reader);
    const expected = line.ops.filter((op) => !op.header.done);
    assert.deepEqual(
      ops.map((op) => ({ type: op.type, request: toJson(op.request) })),
      expected.map((op) => ({ type: op.header.type, request: op.request })),
    );
    writeMultiRequest(writer, ops);
  } else if (line.record !== null && line.record !== undefined) {
    const record = operation(type)?.request;
    assert.ok(record, `no request record for ${line.op}`);
    checkRecord(record, reader, writer, line.record);
  }
}

function checkReplyBody(line: Line, reader: ByteReader, writer: ByteWriter): void {
  const code = line.header?.['err'] ?? 0;
  assert.equal(errorInfo(code)?.name, line.error);
  if (line.results !== undefined) {
    const results = readMultiResponse(reader);
    const expected = line.results.filter((result) => !result.header.done);
    assert.deepEqual(
      results.map((result) => ('response' in result ? toJson(result.response) : null)),
      expected.map((result) => result.response ?? null),
    );
    assert.deepEqual(
      results.map((result) => result.type),
      expected.map((result) => result.header.type),
    );
    writeMultiResponse(writer, results);
  } else if (line.record !== null && line.record !== undefined) {
    const op = line.op as keyof typeof OpCode;
    const record = operation(OpCode[op])?.response;
    assert.ok(record, `no response record for ${line.op}`);
    checkRecord(record, reader, writer, line.record);
  }
}

for (const name of ['ops', 'watches', 'setwatches-old', 'session-life']) {
  describe(`frames between Apache's client and server: ${name}`, () => {
    const lines = goldenLines<Line>(`zookeeper/sessions/${name}.jsonl.gz`).filter(
      (line) => line.kind !== undefined && line.kind !== 'raw' && line.kind !== 'undecoded',
    );
    assert.ok(lines.length > 0);
    lines.forEach((line, i) => {
      it(`${i}: ${line.label}: ${line.kind} ${line.op ?? ''}`, () => check(line));
    });
  });
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
