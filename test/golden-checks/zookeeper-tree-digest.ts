import assert from 'node:assert/strict';
import { OpCode } from '../../src/wire/zookeeper/op-codes.ts';
import { decodeTxnEntry } from '../../src/wire/zookeeper/txn-entry.ts';
import { applyTxn } from '../../src/zookeeper/tree/apply-txn.ts';
import { DataTree } from '../../src/zookeeper/tree/data-tree.ts';
import type { GoldenCheck } from './check.ts';

interface LoggedTxn {
  zxid?: string;
  hex?: string;
  digest?: { treeDigest: number | string } | null;
}

function applyAll(txns: readonly LoggedTxn[]): void {
  const tree = new DataTree({ extendedTypes: true });
  for (const { zxid, hex, digest } of txns) {
    const entry = decodeTxnEntry(Buffer.from(hex ?? '', 'hex'));
    applyTxn(tree, entry);
    // Apache logs no digest with a transaction that failed.
    if (digest === undefined || digest === null)
      assert.equal(entry.header.type, OpCode.error, `type of ${zxid}`);
    else assert.equal(tree.digest.toString(), String(digest.treeDigest), `digest after ${zxid}`);
    assert.equal(tree.lastProcessedZxid, entry.header.zxid);
  }
}

function replayTail(txns: readonly LoggedTxn[]): void {
  const entries = txns.map(({ hex }) => decodeTxnEntry(Buffer.from(hex ?? '', 'hex')));
  const tree = new DataTree({ extendedTypes: true });
  for (const entry of entries) applyTxn(tree, entry);
  const { digest, nodeCount, approximateDataBytes, ephemeralCount } = tree;
  // A fuzzy snapshot taken at the very end, for a log that begins ten transactions before.
  for (const entry of entries.slice(-10)) applyTxn(tree, entry);
  assert.equal(tree.nodeCount, nodeCount);
  assert.equal(tree.approximateDataBytes, approximateDataBytes);
  assert.equal(tree.ephemeralCount, ephemeralCount);
  assert.equal(tree.digest, digest);
}

/** The tree, transaction by transaction, from logs that begin with the first one. */
export const zookeeperTreeDigests: GoldenCheck = {
  name: 'ZooKeeper tree digests',
  matches: (path) => /^zookeeper\/datadirs\/(standalone|ensemble-server-3)\.txns\.jsonl\.gz$/.test(path),
  *cases(file) {
    const txns = file.lines<LoggedTxn>().filter((txn) => txn.hex !== undefined);
    yield { label: "the tree has Apache's digest after every transaction", run: () => applyAll(txns) };
    yield { label: 'a replay of the end over itself changes nothing', run: () => replayTail(txns) };
  },
};
