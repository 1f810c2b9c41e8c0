import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OpCode } from '../../../src/wire/zookeeper/op-codes.ts';
import { decodeTxnEntry } from '../../../src/wire/zookeeper/txn-entry.ts';
import { applyTxn } from '../../../src/zookeeper/tree/apply-txn.ts';
import { DataTree } from '../../../src/zookeeper/tree/data-tree.ts';
import { goldenLines } from '../../support/golden.ts';

interface LoggedTxn {
  zxid?: string;
  hex?: string;
  digest?: { treeDigest: number | string } | null;
}

function readTxns(name: string): LoggedTxn[] {
  return goldenLines<LoggedTxn>(`zookeeper/datadirs/${name}.txns.jsonl.gz`).filter(
    (txn) => txn.hex !== undefined,
  );
}

for (const name of ['standalone', 'ensemble-server-3']) {
  test(`the tree has Apache's digest after every transaction of ${name}`, () => {
    const txns = readTxns(name);
    assert.ok(txns.length > 100, `${txns.length} transactions`);
    const tree = new DataTree({ extendedTypes: true });
    for (const { zxid, hex, digest } of txns) {
      const entry = decodeTxnEntry(Buffer.from(hex ?? '', 'hex'));
      applyTxn(tree, entry.header, entry.body);
      // Apache logs no digest with a transaction that failed.
      if (digest === undefined || digest === null)
        assert.equal(entry.header.type, OpCode.error, `type of ${zxid}`);
      else assert.equal(tree.digest.toString(), String(digest.treeDigest), `digest after ${zxid}`);
      assert.equal(tree.lastProcessedZxid, entry.header.zxid);
    }
  });

  test(`replaying ${name} over itself from any point on ends in the same tree`, () => {
    const entries = readTxns(name).map(({ hex }) => decodeTxnEntry(Buffer.from(hex ?? '', 'hex')));
    const tree = new DataTree({ extendedTypes: true });
    for (const { header, body } of entries) applyTxn(tree, header, body);
    const { digest, nodeCount, approximateDataBytes, ephemeralCount } = tree;
    // A fuzzy snapshot taken at the very end, for a log that begins ten transactions before.
    for (const { header, body } of entries.slice(-10)) applyTxn(tree, header, body);
    assert.equal(tree.nodeCount, nodeCount);
    assert.equal(tree.approximateDataBytes, approximateDataBytes);
    assert.equal(tree.ephemeralCount, ephemeralCount);
    assert.equal(tree.digest, digest);
  });
}
