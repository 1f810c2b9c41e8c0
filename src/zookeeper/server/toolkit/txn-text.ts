import { hex } from '../../../base/hex.ts';
import type { ACL } from '../../../wire/zookeeper/data.ts';
import { OpCode } from '../../../wire/zookeeper/op-codes.ts';
import type { TxnBody, TxnEntry } from '../../../wire/zookeeper/txn-entry.ts';

/** Names of operations as Apache's tools print them (Request.op2String). */
const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(OpCode).map(([name, code]): [number, string] => [code, name]),
);

/** Text as jute's toString gives it: what would end a value is escaped. */
function juteText(text: string | null): string {
  return text === null ? '' : `'${text.replace(/[\0\n\r,}%]/g, (char) => encodeURIComponent(char))}`;
}

function aclText(acl: readonly ACL[] | null): string {
  if (acl === null) return 'null';
  return `[${acl.map(({ perms, id }) => `${perms},s{${juteText(id.scheme)},${juteText(id.id)}}\n`).join(', ')}]`;
}

function juteAcl(acl: readonly ACL[] | null): string {
  const entries = (acl ?? []).map(
    ({ perms, id }) => `s{${perms},s{${juteText(id.scheme)},${juteText(id.id)}}}`,
  );
  return `v{${entries.join(',')}}`;
}

function dataText(data: Buffer | null): string {
  return data?.toString() ?? '';
}

/** What a transaction does, as TxnLogToolkit prints it; the parts of a multi as text too, not as their bytes. */
function bodyText(body: TxnBody): string {
  switch (body.type) {
    case OpCode.create:
    case OpCode.create2: {
      const { path, data, acl, ephemeral, parentCVersion } = body.txn;
      return `${path},${dataText(data)},${aclText(acl)},${ephemeral},${parentCVersion}`;
    }
    case OpCode.createContainer: {
      const { path, data, acl, parentCVersion } = body.txn;
      return `${path},${dataText(data)},${aclText(acl)},${parentCVersion}`;
    }
    case OpCode.createTTL: {
      const { path, data, acl, parentCVersion, ttl } = body.txn;
      return `${path},${dataText(data)},${aclText(acl)},${parentCVersion},${ttl}`;
    }
    case OpCode.setData:
    case OpCode.reconfig:
      return `${body.txn.path},${dataText(body.txn.data)},${body.txn.version}`;
    case OpCode.delete:
    case OpCode.deleteContainer:
      return juteText(body.txn.path);
    case OpCode.setACL:
      return `${juteText(body.txn.path)},${juteAcl(body.txn.acl)},${body.txn.version}`;
    case OpCode.check:
      return `${juteText(body.txn.path)},${body.txn.version}`;
    case OpCode.error:
      return String(body.txn.err);
    case OpCode.createSession:
      return String(body.txn.timeOut);
    case OpCode.closeSession:
      return body.txn === null ? '' : `v{${(body.txn.paths2Delete ?? []).map(juteText).join(',')}}`;
    case OpCode.multi:
      return body.txns.map((txn) => `${operationName(txn.type)}:${bodyText(txn)}`).join(';');
  }
}

function operationName(type: number): string {
  return NAMES.get(type) ?? `unknown ${type}`;
}

/** A time as Java's short date and long time in English: `11/21/26, 10:00:51 AM UTC`. */
export function shortDate(epochMs: number): string {
  const [date = '', time = ''] = new Date(epochMs).toISOString().split('T');
  const [year = '', month, day] = date.split('-');
  const [hour, minute, second = ''] = time.split(':');
  const clock = `${Number(hour) % 12 === 0 ? 12 : Number(hour) % 12}:${minute}:${second.slice(0, 2)}`;
  return `${Number(month)}/${Number(day)}/${year.slice(-2)}, ${clock} ${Number(hour) < 12 ? 'AM' : 'PM'} UTC`;
}

/** One transaction on a line, or on several where it has an ACL. */
export function txnText({ header, body }: TxnEntry): string {
  const { time, clientId, cxid, zxid, type } = header;
  const ids = `session ${hex(clientId)} cxid 0x${(cxid >>> 0).toString(16)} zxid ${hex(zxid)}`;
  return `${shortDate(time)} ${ids} ${operationName(type)} ${bodyText(body)}`;
}

/** The same for programs. */
export function txnJson({ header, body, digest }: TxnEntry): Record<string, unknown> {
  return {
    time: header.time,
    session: hex(header.clientId),
    cxid: header.cxid,
    zxid: hex(header.zxid),
    ...bodyJson(body),
    ...(digest === undefined ? {} : { digest: digest.treeDigest.toString() }),
  };
}

function bodyJson(body: TxnBody): Record<string, unknown> {
  const type = operationName(body.type);
  if (body.type === OpCode.multi) return { type, txns: body.txns.map(bodyJson) };
  return {
    type,
    ...Object.fromEntries(Object.entries(body.txn ?? {}).map(([key, value]) => [key, plain(value)])),
  };
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (!Buffer.isBuffer(value)) return value;
  const text = value.toString();
  return Buffer.from(text).equals(value) ? text : { base64: value.toString('base64') };
}
