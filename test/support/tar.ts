import { assert } from '../../src/base/assert.ts';

const BLOCK_BYTES = 512;

/** The regular files of a POSIX tar archive by name, for archives without long names or links. */
export function untar(archive: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (let at = 0; at + BLOCK_BYTES <= archive.length; ) {
    const header = archive.subarray(at, at + BLOCK_BYTES);
    const name = text(header, 0, 100);
    if (name === '') break;
    const size = Number.parseInt(text(header, 124, 12), 8);
    const type = text(header, 156, 1);
    assert(type === '0' || type === '' || type === '5', `${name} has tar type ${type}`);
    at += BLOCK_BYTES;
    if (type !== '5') files.set(name, Buffer.from(archive.subarray(at, at + size)));
    at += Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  }
  return files;
}

function text(header: Buffer, offset: number, length: number): string {
  const field = header.toString('latin1', offset, offset + length);
  const end = field.indexOf('\0');
  return (end === -1 ? field : field.slice(0, end)).trim();
}
