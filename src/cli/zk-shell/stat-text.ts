import { hex } from '../../base/hex.ts';
import type { NodeData } from '../../clients/index.ts';
import { javaDate } from '../../zookeeper/server/java-date.ts';

type Stat = NodeData['stat'];

/** A node's stat as StatPrinter prints it. */
export function statLines(stat: Stat): string {
  return [
    `cZxid = ${hex(stat.czxid)}`,
    `ctime = ${javaDate(stat.ctime)}`,
    `mZxid = ${hex(stat.mzxid)}`,
    `mtime = ${javaDate(stat.mtime)}`,
    `pZxid = ${hex(stat.pzxid)}`,
    `cversion = ${stat.cversion}`,
    `dataVersion = ${stat.version}`,
    `aclVersion = ${stat.aversion}`,
    `ephemeralOwner = ${hex(stat.ephemeralOwner)}`,
    `dataLength = ${stat.dataLength}`,
    `numChildren = ${stat.numChildren}`,
  ].join('\n');
}

/** The same for programs; what needs 64 bits is hexadecimal text. */
export function statJson(stat: Stat): Record<string, unknown> {
  return {
    cZxid: hex(stat.czxid),
    ctime: stat.ctime,
    mZxid: hex(stat.mzxid),
    mtime: stat.mtime,
    pZxid: hex(stat.pzxid),
    cversion: stat.cversion,
    dataVersion: stat.version,
    aclVersion: stat.aversion,
    ephemeralOwner: hex(stat.ephemeralOwner),
    dataLength: stat.dataLength,
    numChildren: stat.numChildren,
  };
}

/** Data for programs: text where it is UTF-8, base64 otherwise. */
export function dataJson(data: Buffer | null): Record<string, unknown> {
  if (data === null) return { data: null };
  const text = data.toString('utf8');
  return Buffer.from(text).equals(data) ? { data: text } : { dataBase64: data.toString('base64') };
}

const ROW_BYTES = 16;

/** Netty's ByteBufUtil.prettyHexDump. */
export function hexDump(data: Buffer): string {
  if (data.length === 0) return '';
  const lines = [
    `         +${'-'.repeat(49)}+`,
    `         |${Array.from({ length: ROW_BYTES }, (_, i) => `  ${i.toString(16)}`).join('')} |`,
    `+--------+${'-'.repeat(49)}+${'-'.repeat(16)}+`,
  ];
  for (let at = 0; at < data.length; at += ROW_BYTES) {
    const row = [...data.subarray(at, at + ROW_BYTES)];
    const bytes = row.map((byte) => ` ${byte.toString(16).padStart(2, '0')}`).join('');
    const text = row.map((byte) => (byte > 0x1f && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(
      `|${at.toString(16).padStart(8, '0')}|${bytes.padEnd(3 * ROW_BYTES)} |${text.padEnd(ROW_BYTES)}|`,
    );
  }
  lines.push(`+--------+${'-'.repeat(49)}+${'-'.repeat(16)}+`);
  return lines.join('\n');
}
