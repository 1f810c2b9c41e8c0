import { ByteReader } from '../../src/base/byte-reader.ts';
import { OpCode, opName } from '../../src/wire/zookeeper/op-codes.ts';
import { decodeTxnEntry, encodeTxnEntry, type TxnBody } from '../../src/wire/zookeeper/txn-entry.ts';
import { type Json, toJson } from './jute-json.ts';

/** A transaction as the golden data gives it. */
export interface GoldenTxn {
  txnHeader: Json;
  op: string;
  record: Json;
  digest: Json;
}

/** Decodes a transaction to the golden form. */
export function describeTxn(bytes: Buffer): GoldenTxn {
  const { header, body, digest } = decodeTxnEntry(bytes);
  return {
    txnHeader: toJson(header),
    op: opName(header.type) ?? String(header.type),
    record: describeBody(body),
    digest: digest === undefined ? null : toJson(digest),
  };
}

/** What decoding and encoding again makes of a transaction. */
export function recodeTxn(bytes: Buffer): Buffer {
  return encodeTxnEntry(decodeTxnEntry(bytes));
}

function describeBody(body: TxnBody): Json {
  if (body.type !== OpCode.multi) return describeRecord(body.txn);
  return {
    txns: body.txns.map(({ type, txn }) => ({
      type,
      op: opName(type) ?? String(type),
      record: describeRecord(txn),
    })),
  };
}

function describeRecord(txn: object | null): Json {
  if (txn === null) return null;
  const described: { [name: string]: Json } = {};
  for (const [name, value] of Object.entries(txn)) {
    if (name === 'data' && Buffer.isBuffer(value)) Object.assign(described, describeData(value));
    else described[name] = toJson(value);
  }
  return described;
}

/** Node data: text where it is valid UTF-8, base64 otherwise. */
export function describeData(data: Buffer | null): { data: string | null } | { dataBase64: string } {
  if (data === null) return { data: null };
  try {
    return { data: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data) };
  } catch {
    return { dataBase64: data.toString('base64') };
  }
}

/** Reads all records of one type until the bytes end. */
export function readAll<T>(type: { read(reader: ByteReader): T }, bytes: Buffer): T[] {
  const reader = new ByteReader(bytes);
  const values: T[] = [];
  while (reader.remaining > 0) values.push(type.read(reader));
  return values;
}
