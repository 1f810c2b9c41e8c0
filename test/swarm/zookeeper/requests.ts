import type { ByteReader } from '../../../src/base/byte-reader.ts';
import { ByteWriter } from '../../../src/base/byte-writer.ts';
import { ErrorCode } from '../../../src/wire/zookeeper/errors.ts';
import { readMultiResponse, writeMultiRequest } from '../../../src/wire/zookeeper/multi.ts';
import { OpCode } from '../../../src/wire/zookeeper/op-codes.ts';
import {
  CreateRequest,
  CreateResponse,
  DeleteRequest,
  ExistsRequest,
  ExistsResponse,
  GetChildrenRequest,
  GetChildrenResponse,
  GetDataRequest,
  GetDataResponse,
  type ReplyHeader,
  RequestHeader,
  SetDataRequest,
  SetDataResponse,
  SyncRequest,
} from '../../../src/wire/zookeeper/protocol.ts';
import { OPEN_ACL } from '../../support/zk-simulation.ts';
import type { Operation, OperationReply } from './observation.ts';

const TYPES = {
  create: OpCode.create,
  set: OpCode.setData,
  delete: OpCode.delete,
  multi: OpCode.multi,
  closeSession: OpCode.closeSession,
  get: OpCode.getData,
  exists: OpCode.exists,
  children: OpCode.getChildren,
  sync: OpCode.sync,
} as const;

const bytesOf = (value: string | undefined): Buffer => Buffer.from(value ?? '');

/** Header and record of a request. */
export function encodeRequest(operation: Operation): Buffer {
  const { kind, path, value, version = -1, flags = 0, watch = false, xid } = operation;
  const writer = new ByteWriter();
  RequestHeader.write(writer, { xid, type: TYPES[kind] });
  if (kind === 'create') {
    CreateRequest.write(writer, { path, data: bytesOf(value), acl: OPEN_ACL, flags });
  } else if (kind === 'set') {
    SetDataRequest.write(writer, { path, data: bytesOf(value), version });
  } else if (kind === 'delete') {
    DeleteRequest.write(writer, { path, version });
  } else if (kind === 'get') {
    GetDataRequest.write(writer, { path, watch });
  } else if (kind === 'exists') {
    ExistsRequest.write(writer, { path, watch });
  } else if (kind === 'children') {
    GetChildrenRequest.write(writer, { path, watch });
  } else if (kind === 'sync') {
    SyncRequest.write(writer, { path });
  } else if (kind === 'multi') {
    const sets = (operation.paths ?? []).map((each) => ({
      type: OpCode.setData,
      request: { path: each, data: bytesOf(value), version: -1 },
    }));
    writeMultiRequest(writer, sets);
  }
  return writer.toBuffer();
}

export function readReply({ kind }: Operation, header: ReplyHeader, reader: ByteReader): OperationReply {
  const { err, zxid } = header;
  const reply = { err, zxid };
  if (kind === 'multi' && reader.remaining > 0) {
    for (const result of readMultiResponse(reader)) {
      // The parts before the one that failed are answered with an error 0.
      if (result.type === OpCode.error && result.response.err !== ErrorCode.OK) {
        return { err: result.response.err, zxid };
      }
    }
    return reply;
  }
  if (err !== ErrorCode.OK) return reply;
  switch (kind) {
    case 'create':
      return { ...reply, path: CreateResponse.read(reader).path ?? '' };
    case 'set':
      return { ...reply, version: SetDataResponse.read(reader).stat.version };
    case 'get': {
      const { data, stat } = GetDataResponse.read(reader);
      return { ...reply, value: data?.toString() ?? null, version: stat.version, mzxid: stat.mzxid };
    }
    case 'exists': {
      const { stat } = ExistsResponse.read(reader);
      return { ...reply, version: stat.version, mzxid: stat.mzxid };
    }
    case 'children':
      return {
        ...reply,
        children: (GetChildrenResponse.read(reader).children ?? []).map((name) => name ?? ''),
      };
    default:
      return reply;
  }
}
