import type { ByteReader } from '../../base/byte-reader.ts';
import type { ByteWriter } from '../../base/byte-writer.ts';
import { MalformedError } from '../../base/malformed-error.ts';
import type { FieldType } from '../jute/types.ts';
import { OpCode } from './op-codes.ts';
import {
  CheckVersionRequest,
  Create2Response,
  CreateRequest,
  CreateResponse,
  CreateTTLRequest,
  DeleteRequest,
  ErrorResponse,
  GetChildrenRequest,
  GetChildrenResponse,
  GetDataRequest,
  GetDataResponse,
  MultiHeader,
  SetDataRequest,
  SetDataResponse,
} from './protocol.ts';

/**
 * The bodies of multi and multiRead: for each operation a MultiHeader and its record, then a header with
 * `done` set (`MultiOperationRecord`, `MultiResponse`).
 */

/** One operation of a multi request. */
export type MultiOp =
  | { type: typeof OpCode.create; request: CreateRequest }
  | { type: typeof OpCode.create2; request: CreateRequest }
  | { type: typeof OpCode.createContainer; request: CreateRequest }
  | { type: typeof OpCode.createTTL; request: CreateTTLRequest }
  | { type: typeof OpCode.delete; request: DeleteRequest }
  | { type: typeof OpCode.setData; request: SetDataRequest }
  | { type: typeof OpCode.check; request: CheckVersionRequest }
  | { type: typeof OpCode.getChildren; request: GetChildrenRequest }
  | { type: typeof OpCode.getData; request: GetDataRequest };

/** The answer to one operation. A create of a container or TTL node is answered with type create2. */
export type MultiResult =
  | { type: typeof OpCode.create; response: CreateResponse }
  | { type: typeof OpCode.create2; response: Create2Response }
  | { type: typeof OpCode.delete }
  | { type: typeof OpCode.setData; response: SetDataResponse }
  | { type: typeof OpCode.check }
  | { type: typeof OpCode.getChildren; response: GetChildrenResponse }
  | { type: typeof OpCode.getData; response: GetDataResponse }
  | { type: typeof OpCode.error; response: ErrorResponse };

type RequestOf<T> = Extract<MultiOp, { type: T }>['request'];
type ResponseOf<T> = Extract<MultiResult, { type: T }> extends { response: infer R } ? R : null;

const REQUESTS: { readonly [T in MultiOp['type']]: FieldType<RequestOf<T>> } = {
  [OpCode.create]: CreateRequest,
  [OpCode.create2]: CreateRequest,
  [OpCode.createContainer]: CreateRequest,
  [OpCode.createTTL]: CreateTTLRequest,
  [OpCode.delete]: DeleteRequest,
  [OpCode.setData]: SetDataRequest,
  [OpCode.check]: CheckVersionRequest,
  [OpCode.getChildren]: GetChildrenRequest,
  [OpCode.getData]: GetDataRequest,
};

/** A result without a record has only its header. */
const nothing: FieldType<null> = { name: 'nothing', minBytes: 0, read: () => null, write: () => {} };

const RESPONSES: { readonly [T in MultiResult['type']]: FieldType<ResponseOf<T>> } = {
  [OpCode.create]: CreateResponse,
  [OpCode.create2]: Create2Response,
  [OpCode.delete]: nothing,
  [OpCode.setData]: SetDataResponse,
  [OpCode.check]: nothing,
  [OpCode.getChildren]: GetChildrenResponse,
  [OpCode.getData]: GetDataResponse,
  [OpCode.error]: ErrorResponse,
};

const REQUEST_BY_TYPE: ReadonlyMap<number, FieldType<unknown>> = byType(REQUESTS);
const RESPONSE_BY_TYPE: ReadonlyMap<number, FieldType<unknown>> = byType(RESPONSES);

function byType(codecs: Readonly<Record<number, FieldType<unknown>>>): Map<number, FieldType<unknown>> {
  return new Map(Object.entries(codecs).map(([type, codec]) => [Number(type), codec]));
}

function codecOf(codecs: ReadonlyMap<number, FieldType<unknown>>, type: number): FieldType<unknown> {
  const codec = codecs.get(type);
  if (codec === undefined) throw new MalformedError(`operation ${type} cannot be part of a multi`);
  return codec;
}

const END: MultiHeader = { type: -1, done: true, err: -1 };

/** Throws MalformedError; also for a mixture of reads and writes, which Apache refuses at the same point. */
export function readMultiRequest(reader: ByteReader): MultiOp[] {
  const ops: MultiOp[] = [];
  for (let header = MultiHeader.read(reader); !header.done; header = MultiHeader.read(reader)) {
    const { type } = header;
    const op = { type, request: codecOf(REQUEST_BY_TYPE, type).read(reader) } as MultiOp;
    const first = ops[0];
    if (first !== undefined && isRead(first) !== isRead(op)) {
      throw new MalformedError('a multi request mixes reads and writes');
    }
    ops.push(op);
  }
  return ops;
}

function isRead(op: MultiOp): boolean {
  return op.type === OpCode.getChildren || op.type === OpCode.getData;
}

export function writeMultiRequest(writer: ByteWriter, ops: readonly MultiOp[]): void {
  for (const { type, request } of ops) {
    MultiHeader.write(writer, { type, done: false, err: -1 });
    codecOf(REQUEST_BY_TYPE, type).write(writer, request);
  }
  MultiHeader.write(writer, END);
}

/** Throws MalformedError. */
export function readMultiResponse(reader: ByteReader): MultiResult[] {
  const results: MultiResult[] = [];
  for (let header = MultiHeader.read(reader); !header.done; header = MultiHeader.read(reader)) {
    const { type } = header;
    const response = codecOf(RESPONSE_BY_TYPE, type).read(reader);
    results.push((response === null ? { type } : { type, response }) as MultiResult);
  }
  return results;
}

export function writeMultiResponse(writer: ByteWriter, results: readonly MultiResult[]): void {
  for (const result of results) {
    const err = result.type === OpCode.error ? result.response.err : 0;
    MultiHeader.write(writer, { type: result.type, done: false, err });
    codecOf(RESPONSE_BY_TYPE, result.type).write(writer, 'response' in result ? result.response : null);
  }
  MultiHeader.write(writer, END);
}
