import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OpCode } from '../../../src/wire/zookeeper/op-codes.ts';
import { makeZxid } from '../../../src/zookeeper/pipeline/zxid.ts';
import { AppliedTxns } from '../../swarm/zookeeper/applied-txns.ts';

/** What was applied anywhere, from some zxids. */
function applied(...zxids: number[]): AppliedTxns {
  const txns = new AppliedTxns();
  for (const zxid of zxids) {
    const header = { clientId: 7n, cxid: 1, zxid, time: 0, type: OpCode.closeSession };
    txns.see({ header, body: { type: OpCode.closeSession, txn: null } });
  }
  return txns;
}

const between = (txns: AppliedTxns, from: number, to: number): number[] =>
  txns.between(from, to).map(({ header }) => header.zxid);

describe('what was applied', () => {
  it('tells what a tree has behind what was delivered, whoever brought it', () => {
    assert.deepEqual(between(applied(1, 2, 3), 1, 3), [2, 3]);
    assert.deepEqual(between(applied(1, 2, 3), 3, 3), []);
  });

  it('leaves out what an epoch did not build on', () => {
    const [two, three] = [makeZxid(2, 0), makeZxid(3, 0)];
    const txns = applied(1, 2, 3, two + 1, three + 1);
    txns.epochBegins(2, 1);
    txns.epochBegins(3, 2);
    assert.deepEqual(between(txns, 0, three + 1), [1, 2, three + 1], 'neither 3 nor what epoch 2 proposed');
    assert.deepEqual(between(txns, 0, two), [1]);
  });

  it('does not take what nobody has made', () => {
    assert.throws(() => between(applied(1, 3), 0, 3), /integrity: 0x2 is in a tree, and nobody has made it/);
    assert.throws(() => between(applied(1), 0, makeZxid(2, 0)), /integrity: 0x200000000/);
  });
});
