import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, opendirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

const kinds = /\.(go|py|js|mjs|ts|md|txt|java|c|h|json|html)$/;

function* textFiles(dir: string): Generator<string> {
  let entries: ReturnType<typeof opendirSync>;
  try {
    entries = opendirSync(dir);
  } catch {
    return;
  }
  const names: { name: string; folder: boolean }[] = [];
  for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
    names.push({ name: entry.name, folder: entry.isDirectory() });
    if (!entry.isDirectory() && !entry.isFile()) names.pop();
  }
  entries.closeSync();
  for (const { name, folder } of names.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(dir, name);
    if (folder) yield* textFiles(path);
    else if (kinds.test(name) && statSync(path).size < 2_000_000) yield path;
  }
}

/**
 * Writes real text found on this machine (sources and documentation), each line marked with its file and
 * number, so that no two lines are alike. The lines are dealt out in turn to the files of `targets`.
 */
export async function collectText(
  roots: readonly string[],
  bytes: number,
  targets: readonly string[],
): Promise<Tally> {
  const streams = targets.map((target) => createWriteStream(target));
  const tally = new Tally();
  let next = 0;
  for (const root of roots) {
    for (const file of textFiles(root)) {
      if (tally.bytes >= bytes) break;
      const raw = readFileSync(file);
      if (!isUtf8(raw) || raw.includes(0)) continue;
      const stream = streams[next % streams.length];
      next += 1;
      if (stream === undefined) throw new Error('no target');
      const name = relative(root, file);
      const lines = raw
        .toString('utf8')
        .replace(/[\r\u0085\u2028\u2029\ufeff]/g, ' ')
        .split('\n');
      const marked = lines.map((line, i) => `${next}:${name}:${i + 1} ${line}`);
      for (const line of marked) tally.add(Buffer.from(line));
      if (!stream.write(`${marked.join('\n')}\n`)) await once(stream, 'drain');
    }
  }
  await Promise.all(
    streams.map(async (stream) => {
      stream.end();
      await once(stream, 'close');
    }),
  );
  return tally;
}

/** A checksum over a multiset of lines: the order does not matter, a lost or doubled line does. */
export class Tally {
  count = 0;
  bytes = 0;
  private readonly sums = [0, 0, 0, 0];

  add(line: Buffer): void {
    const digest = createHash('md5').update(line).digest();
    for (let i = 0; i < 4; i += 1) this.sums[i] = ((this.sums[i] ?? 0) + digest.readUInt32BE(i * 4)) >>> 0;
    this.count += 1;
    this.bytes += line.length + 1;
  }

  /** Count and checksum as text. */
  toString(): string {
    return `${this.count} lines, ${this.sums.map((sum) => sum.toString(16).padStart(8, '0')).join('')}`;
  }
}
