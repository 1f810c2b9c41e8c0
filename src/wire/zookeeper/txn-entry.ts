import { ByteReader } from '../../base/byte-reader.ts';
import { ByteWriter } from '../../base/byte-writer.ts';
import { MalformedError } from '../../base/malformed-error.ts';
import type { FieldType } from '../jute/types.ts';
import { OpCode } from './op-codes.ts';
import {
  CheckVersionTxn,
  CloseSessionTxn,
  CreateContainerTxn,
  CreateSessionTxn,
  CreateTTLTxn,
  CreateTxn,
  CreateTxnV0,
  DeleteTxn,
  ErrorTxn,
  MultiTxn,
  SetACLTxn,
  SetDataTxn,
  type Txn,
  TxnDigest,
  TxnHeader,
} from './txn.ts';

/** A transaction that may also be part of a multi. */
export type SubTxn =
  | { type: typeof OpCode.create; txn: CreateTxn }
  | { type: typeof OpCode.create2; txn: CreateTxn }
  | { type: typeof OpCode.createTTL; txn: CreateTTLTxn }
  | { type: typeof OpCode.createContainer; txn: CreateContainerTxn }
  | { type: typeof OpCode.delete; txn: DeleteTxn }
  | { type: typeof OpCode.deleteContainer; txn: DeleteTxn }
  | { type: typeof OpCode.setData; txn: SetDataTxn }
  | { type: typeof OpCode.check; txn: CheckVersionTxn }
  | { type: typeof OpCode.error; txn: ErrorTxn };

/** What a transaction does, by the `type` of its header. */
export type TxnBody =
  | SubTxn
  | { type: typeof OpCode.createSession; txn: CreateSessionTxn }
  /** The paths of the session's ephemerals; null in logs from before 3.6, which leave them out. */
  | { type: typeof OpCode.closeSession; txn: CloseSessionTxn | null }
  | { type: typeof OpCode.reconfig; txn: SetDataTxn }
  | { type: typeof OpCode.setACL; txn: SetACLTxn }
  | { type: typeof OpCode.multi; txns: SubTxn[] };

type TxnOf<T> = Exclude<Extract<TxnBody, { type: T }>, { txns: unknown }>['txn'];
type PlainType = Exclude<TxnBody['type'], typeof OpCode.multi>;

const CODECS: { readonly [T in PlainType]: FieldType<NonNullable<TxnOf<T>>> } = {
  [OpCode.createSession]: CreateSessionTxn,
  [OpCode.closeSession]: CloseSessionTxn,
  [OpCode.create]: CreateTxn,
  [OpCode.create2]: CreateTxn,
  [OpCode.createTTL]: CreateTTLTxn,
  [OpCode.createContainer]: CreateContainerTxn,
  [OpCode.delete]: DeleteTxn,
  [OpCode.deleteContainer]: DeleteTxn,
  [OpCode.setData]: SetDataTxn,
  [OpCode.reconfig]: SetDataTxn,
  [OpCode.setACL]: SetACLTxn,
  [OpCode.check]: CheckVersionTxn,
  [OpCode.error]: ErrorTxn,
};

const CODEC_BY_TYPE: ReadonlyMap<number, FieldType<unknown>> = new Map(
  Object.entries<FieldType<unknown>>(CODECS).map(([type, codec]) => [Number(type), codec]),
);

const SUB_TYPES: ReadonlySet<number> = new Set<SubTxn['type']>([
  OpCode.create,
  OpCode.create2,
  OpCode.createTTL,
  OpCode.createContainer,
  OpCode.delete,
  OpCode.deleteContainer,
  OpCode.setData,
  OpCode.check,
  OpCode.error,
]);

/** One logged transaction. `header.type` always equals `body.type`. */
export interface TxnEntry {
  header: TxnHeader;
  body: TxnBody;
  /** Digest of the tree with this transaction applied; undefined where digests are off. */
  digest?: TxnDigest | undefined;
}

/**
 * Reads header, record and, if there is one, the digest: the payload of a log record and of a PROPOSAL
 * (`SerializeUtils.deserializeTxn`). Throws MalformedError.
 */
export function readTxnEntry(reader: ByteReader): TxnEntry {
  const header = TxnHeader.read(reader);
  const body = readTxnBody(header.type, reader);
  const digest = reader.remaining > 0 ? TxnDigest.read(reader) : undefined;
  return { header, body, digest };
}

export function decodeTxnEntry(bytes: Buffer): TxnEntry {
  return readTxnEntry(new ByteReader(bytes));
}

export function readTxnBody(type: number, reader: ByteReader): TxnBody {
  switch (type) {
    case OpCode.multi:
      return { type, txns: (MultiTxn.read(reader).txns ?? []).map(decodeSubTxn) };
    case OpCode.closeSession:
      return { type, txn: readCloseSession(reader) };
    case OpCode.create:
    case OpCode.create2:
      return { type, txn: readCreate(reader) };
    default: {
      const codec = CODEC_BY_TYPE.get(type);
      if (codec === undefined) throw new MalformedError(`transaction of unknown type ${type}`);
      return { type, txn: codec.read(reader) } as TxnBody;
    }
  }
}

function decodeSubTxn({ type, data }: Txn): SubTxn {
  if (!SUB_TYPES.has(type) || data === null) {
    throw new MalformedError(`transaction of type ${type} ${data === null ? 'without data' : ''} in a multi`);
  }
  return readTxnBody(type, new ByteReader(data)) as SubTxn;
}

/**
 * Servers before 3.6, and those with `closeSessionTxn.enabled=false`, log no paths: then the record's end or
 * the digest follows at once, which does not parse as a list of paths.
 */
function readCloseSession(reader: ByteReader): CloseSessionTxn | null {
  if (reader.remaining === 0) return null;
  const start = reader.offset;
  try {
    return CloseSessionTxn.read(reader);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    reader.offset = start;
    return null;
  }
}

/** Servers before 3.4 logged no parent version: -1 makes the tree count for itself. */
function readCreate(reader: ByteReader): CreateTxn {
  const { path, data, acl, ephemeral } = CreateTxnV0.read(reader);
  const parentCVersion = reader.remaining === 0 ? -1 : reader.int32();
  return { path, data, acl, ephemeral, parentCVersion };
}

export function writeTxnEntry(writer: ByteWriter, entry: TxnEntry): void {
  TxnHeader.write(writer, entry.header);
  writeTxnBody(writer, entry.body);
  if (entry.digest !== undefined) TxnDigest.write(writer, entry.digest);
}

export function encodeTxnEntry(entry: TxnEntry): Buffer {
  const writer = new ByteWriter();
  writeTxnEntry(writer, entry);
  return writer.toBuffer();
}

/** A transaction together with its encoding, which is the same in logs and in proposals. */
export interface EncodedTxn {
  readonly entry: TxnEntry;
  readonly payload: Buffer;
}

export function encodedTxn(entry: TxnEntry): EncodedTxn {
  return { entry, payload: encodeTxnEntry(entry) };
}

export function writeTxnBody(writer: ByteWriter, body: TxnBody): void {
  if (body.type === OpCode.multi) {
    MultiTxn.write(writer, { txns: body.txns.map((txn) => ({ type: txn.type, data: encodeBody(txn) })) });
  } else if (body.txn !== null) {
    const codec: FieldType<unknown> = CODECS[body.type];
    codec.write(writer, body.txn);
  }
}

function encodeBody(body: TxnBody): Buffer {
  const writer = new ByteWriter();
  writeTxnBody(writer, body);
  return writer.toBuffer();
}
