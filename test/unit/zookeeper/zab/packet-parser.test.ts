import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { QuorumPacket } from '../../../../src/wire/zookeeper/quorum.ts';
import { readTreeStream } from '../../../../src/zookeeper/persistence/snapshot-reader.ts';
import { treeStream } from '../../../../src/zookeeper/persistence/snapshot-writer.ts';
import { DataTree } from '../../../../src/zookeeper/tree/data-tree.ts';
import { PacketParser } from '../../../../src/zookeeper/zab/packet-parser.ts';
import { goldenLines } from '../../../support/golden.ts';

interface Captured {
  kind: 'packet' | 'snapshot-stream';
  conn: number;
  dir: string;
  type: string;
  hex: string;
}

const captured = goldenLines<Captured>('zookeeper/quorum/learner.jsonl.gz');
const packets = captured.filter(({ kind }) => kind === 'packet').map(({ hex }) => Buffer.from(hex, 'hex'));
const MAX_BYTES = 1024 * 1024;

/** All packets of a stream that comes in pieces of the given lengths, one after the other. */
function parse(stream: Buffer, lengths: (i: number) => number): Buffer[] {
  const parser = new PacketParser(MAX_BYTES);
  const found: Buffer[] = [];
  for (let at = 0, i = 0; at < stream.length; i++) {
    const end = at + lengths(i);
    parser.push(Buffer.from(stream.subarray(at, end)));
    for (let packet = parser.next(); packet !== undefined; packet = parser.next()) {
      found.push(QuorumPacket.encode(packet));
    }
    at = end;
  }
  return found;
}

describe('The parser of quorum packets', () => {
  const stream = Buffer.concat(packets.slice(0, 300));
  const cuts: [string, (i: number) => number][] = [
    ['at once', () => stream.length],
    ['byte by byte', () => 1],
    ['in pieces of seven', () => 7],
    ['in pieces of all lengths', (i) => 1 + ((i * 37) % 101)],
  ];
  for (const [how, lengths] of cuts) {
    it(`finds what Apache's servers sent, received ${how}`, () => {
      assert.ok(packets.length > 300);
      const found = parse(stream, lengths);
      assert.equal(found.length, 300);
      assert.ok(Buffer.concat(found).equals(stream));
    });
  }

  const header = Buffer.concat([Buffer.from([0, 0, 0, 2]), Buffer.alloc(8)]);
  const int = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };
  const bad: [string, Buffer[]][] = [
    ['data longer than the limit', [header, int(MAX_BYTES + 1)]],
    ['a negative length', [header, int(-2)]],
    ['a million identities', [header, int(-1), int(1_000_000)]],
    ['an identity longer than the limit', [header, int(-1), int(1), int(MAX_BYTES + 1)]],
  ];
  for (const [what, parts] of bad) {
    it(`refuses ${what} before it allocates anything`, () => {
      const parser = new PacketParser(MAX_BYTES);
      parser.push(Buffer.concat(parts));
      assert.throws(() => parser.next(), { name: 'MalformedError' });
    });
  }

  it('hands over what follows a packet', () => {
    const parser = new PacketParser(MAX_BYTES);
    const [first = Buffer.alloc(0)] = packets;
    parser.push(Buffer.concat([first, Buffer.from('tree')]));
    assert.ok(parser.next());
    assert.equal(parser.takeRest().toString(), 'tree');
    parser.push(first);
    assert.ok(parser.next());
  });
});

describe('The tree behind SNAP', () => {
  const streams = captured.filter(({ kind }) => kind === 'snapshot-stream');

  async function* pieces(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
  }

  for (const [i, { hex }] of streams.entries()) {
    it(`of Apache's leader is understood, and sent on in the same bytes (${i + 1})`, async () => {
      const bytes = Buffer.from(hex, 'hex');
      const behind = Buffer.from('the next packet');
      const tree = new DataTree();
      const { sessions, rest } = await readTreeStream(
        pieces(Buffer.concat([bytes, behind]), 11),
        tree,
        MAX_BYTES,
      );
      assert.deepEqual(rest.subarray(0, behind.length), behind.subarray(0, rest.length));
      const again = new DataTree();
      const copy = Buffer.concat([...treeStream(tree, sessions)]);
      await readTreeStream(pieces(copy, 1000), again, MAX_BYTES);
      assert.equal(again.digest, tree.digest);
      assert.equal(again.nodeCount, tree.nodeCount);
      assert.equal(copy.length, bytes.length);
    });

    it(`is refused when it breaks off (${i + 1})`, async () => {
      const bytes = Buffer.from(hex, 'hex');
      const cut = bytes.subarray(0, bytes.length - 3);
      await assert.rejects(readTreeStream(pieces(cut, 64), new DataTree(), MAX_BYTES), {
        name: 'MalformedError',
      });
    });
  }

  it('has been captured', () => {
    assert.ok(streams.length > 0);
  });
});
