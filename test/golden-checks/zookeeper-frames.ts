import assert from 'node:assert/strict';
import { ByteReader } from '../../src/base/byte-reader.ts';
import { ByteWriter } from '../../src/base/byte-writer.ts';
import type { FieldType } from '../../src/wire/jute/types.ts';
import {
  ConnectRequestWithoutReadOnly,
  ConnectResponseWithoutReadOnly,
  type Handshake,
  readConnectRequest,
  readConnectResponse,
} from '../../src/wire/zookeeper/connect.ts';
import { errorInfo } from '../../src/wire/zookeeper/errors.ts';
import {
  readMultiRequest,
  readMultiResponse,
  writeMultiRequest,
  writeMultiResponse,
} from '../../src/wire/zookeeper/multi.ts';
import { OpCode, opName } from '../../src/wire/zookeeper/op-codes.ts';
import {
  ConnectRequest,
  ConnectResponse,
  ReplyHeader,
  RequestHeader,
  WatcherEvent,
} from '../../src/wire/zookeeper/protocol.ts';
import { type Json, toJson } from '../support/jute-json.ts';
import { operation } from '../support/zookeeper-operations.ts';
import type { GoldenCheck } from './check.ts';

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

/** Frames between Apache's client and server: decoded as stated, encoded to the same bytes. */
export const zookeeperFrames: GoldenCheck = {
  name: 'ZooKeeper client frames',
  matches: (path) => /^zookeeper\/sessions\/[^/]+\.jsonl\.gz$/.test(path),
  *cases(file) {
    for (const [i, line] of file.lines<Line>().entries()) {
      if (line.kind === undefined || line.kind === 'raw' || line.kind === 'undecoded') continue;
      const label = `line ${i + 1}: ${line.label}: ${line.kind} ${line.op ?? ''}`;
      yield { label, run: () => check(line) };
    }
  },
};
