import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeZxid } from '../../../../src/zookeeper/pipeline/zxid.ts';
import { CommittedLog, type HistoryTxn } from '../../../../src/zookeeper/zab/committed-log.ts';
import { type History, planSync } from '../../../../src/zookeeper/zab/synchronisation.ts';

/** `'2.5'` is the fifth transaction of epoch 2. */
function zxid(text: string): number {
  const [epoch = 0, counter = 0] = text.split('.').map(Number);
  return makeZxid(epoch, counter);
}

/** `'1.1-4 2.1'` are the transactions 1 to 4 of epoch 1 and the first of epoch 2. */
function txns(text: string): HistoryTxn[] {
  if (text === '') return [];
  return text.split(' ').flatMap((range) => {
    const [epoch = 0, numbers = ''] = [Number(range.split('.')[0]), range.split('.')[1]];
    const [from = 0, to = from] = numbers.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => {
      const own = makeZxid(epoch, from + i);
      return { zxid: own, payload: Buffer.from(String(own)) };
    });
  });
}

function history(parts: { last: string; committed?: string; logged?: string }): History {
  const logged = txns(parts.logged ?? '');
  return {
    lastProcessedZxid: zxid(parts.last),
    committed: () => txns(parts.committed ?? ''),
    logged: (from) => {
      const first = logged.findLastIndex((txn) => txn.zxid <= from);
      return first === -1 ? [] : logged.slice(first);
    },
  };
}

/** As `'DIFF 2.3: 2.2 2.3'`. */
function plan(peer: string, parts: Parameters<typeof history>[0]): string {
  const found = planSync(zxid(peer), history(parts));
  if (found.type === 'SNAP') return 'SNAP';
  const text = (value: number) => `${Math.floor(value / 2 ** 32)}.${value % 2 ** 32}`;
  return `${found.type} ${text(found.zxid)}:${found.txns.map((txn) => ` ${text(txn.zxid)}`).join('')}`;
}

describe('The plan of a synchronisation', () => {
  const recent = { last: '2.3', committed: '1.4-5 2.1-3' };
  const cases: [what: string, peer: string, parts: Parameters<typeof history>[0], expected: string][] = [
    ['nothing to do for who has the same', '2.3', recent, 'DIFF 2.3:'],
    ['what is missing, from the committed log', '2.1', recent, 'DIFF 2.3: 2.2 2.3'],
    ['across epochs', '1.5', recent, 'DIFF 2.3: 2.1 2.2 2.3'],
    ['for who has the oldest of them', '1.4', recent, 'DIFF 2.3: 1.5 2.1 2.2 2.3'],
    ['the tree for who has less', '1.3', recent, 'SNAP'],
    ['the tree for who has nothing', '0.0', recent, 'SNAP'],
    ['back for who has more', '2.5', recent, 'TRUNC 2.3:'],
    ['back for who has more, of an earlier epoch', '1.9', { last: '2.0', committed: '1.1-4' }, 'TRUNC 1.4:'],
    ['the tree for what was never committed in an epoch that has ended', '1.7', recent, 'SNAP'],
    [
      'back, and then on, where the leader has gone on in the same epoch',
      '2.3',
      { last: '2.5', committed: '2.1-2 2.4-5' },
      // 2.3 lies in a hole of the committed log: which cannot be, so nothing is taken from it.
      'SNAP',
    ],
    ['on, from the first zxid of an epoch, which is no transaction', '2.0', recent, 'DIFF 2.3: 2.1 2.2 2.3'],
    ['the tree for the first zxid of a later epoch', '3.0', recent, 'SNAP'],
    [
      'nothing where a leader has just begun its epoch',
      '3.0',
      { last: '3.0', committed: '2.1-3' },
      'DIFF 3.0:',
    ],
    [
      'nothing missing before an epoch without transactions',
      '2.3',
      { last: '3.0', committed: '2.1-3' },
      'DIFF 2.3:',
    ],
    [
      'from the log on disk',
      '1.2',
      { ...recent, logged: '1.1-5 2.1-3' },
      'DIFF 2.3: 1.3 1.4 1.5 2.1 2.2 2.3',
    ],
    ['from the log on disk alone', '1.2', { last: '1.4', logged: '1.1-4' }, 'DIFF 1.4: 1.3 1.4'],
    ['the tree where the log on disk ends too early', '1.2', { last: '1.4', logged: '1.1-3' }, 'SNAP'],
    ['the tree where the log begins too late', '1.2', { ...recent, logged: '1.3-5 2.1-3' }, 'SNAP'],
    ['the tree where log and committed log do not meet', '1.1', { ...recent, logged: '1.1-2' }, 'SNAP'],
    ['the tree where the log has a hole', '1.1', { ...recent, logged: '1.1 1.3-5' }, 'SNAP'],
    ['the tree where the committed log has a hole', '2.1', { last: '2.4', committed: '2.1-2 2.4' }, 'SNAP'],
    [
      'back to what the leader logged, where the learner has more of an old epoch in common',
      '1.3',
      { last: '2.2', committed: '2.1-2', logged: '1.1-2 2.1-2' },
      'SNAP',
    ],
    ['everything for an empty learner, from the log', '0.0', { last: '1.2', committed: '1.1-2' }, 'SNAP'],
    ['nothing between empty servers', '0.0', { last: '0.0' }, 'DIFF 0.0:'],
    ['back where the committed log is empty', '1.5', { last: '1.3' }, 'TRUNC 1.3:'],
  ];
  for (const [what, peer, parts, expected] of cases) {
    it(`sends ${what}`, () => {
      assert.equal(plan(peer, parts), expected);
    });
  }
});

describe('The committed log', () => {
  it('keeps the latest transactions', () => {
    const log = new CommittedLog(3);
    for (const txn of txns('1.1-10')) log.add(txn);
    assert.deepEqual(
      log.list().map((txn) => txn.zxid),
      txns('1.8-10').map((txn) => txn.zxid),
    );
  });

  it('begins anew where something is missing, instead of having a hole', () => {
    const log = new CommittedLog();
    for (const txn of txns('1.1-3 1.5-6')) log.add(txn);
    assert.deepEqual(
      log.list().map((txn) => txn.zxid),
      txns('1.5-6').map((txn) => txn.zxid),
    );
    for (const txn of txns('2.1')) log.add(txn);
    assert.equal(log.list().length, 3, 'a later epoch is no hole');
  });
});
