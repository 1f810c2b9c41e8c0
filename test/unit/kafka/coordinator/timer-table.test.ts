import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TimerTable } from '../../../../src/kafka/coordinator/timer-table.ts';

type Step = { set: number; inMs: number } | { cancel: number } | { pass: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ set: fc.nat(20), inMs: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ cancel: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ pass: fc.nat(30) }) },
);

function takeAll(table: TimerTable<number>, nowMs: number): { key: string; event: number }[] {
  const taken = [];
  for (let due = table.takeDue(nowMs); due !== undefined; due = table.takeDue(nowMs)) taken.push(due);
  return taken;
}

describe('TimerTable', () => {
  it('does what a plain list of timers would do', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const table = new TimerTable<number>();
        const plain = new Map<string, { deadlineMs: number; event: number }>();
        let nowMs = 0;
        for (const [event, each] of steps.entries()) {
          if ('set' in each) {
            table.set(`t${each.set}`, nowMs + each.inMs, event);
            plain.set(`t${each.set}`, { deadlineMs: nowMs + each.inMs, event });
          } else if ('cancel' in each) {
            table.cancel(`t${each.cancel}`);
            plain.delete(`t${each.cancel}`);
          } else {
            nowMs += each.pass;
            const due = [...plain].filter(([, timer]) => timer.deadlineMs <= nowMs);
            const taken = takeAll(table, nowMs);
            assert.deepEqual(
              new Map(taken.map(({ key, event }) => [key, event])),
              new Map(due.map(([key, timer]) => [key, timer.event])),
            );
            const deadlines = taken.map(({ key }) => plain.get(key)?.deadlineMs ?? 0);
            assert.deepEqual(
              deadlines,
              [...deadlines].sort((a, b) => a - b),
            );
            for (const [key] of due) plain.delete(key);
          }
          const earliest = [...plain.values()].map((timer) => timer.deadlineMs);
          assert.equal(table.nextDeadlineMs(), earliest.length === 0 ? undefined : Math.min(...earliest));
          assert.equal(table.size, plain.size);
        }
      }),
    );
  });

  it('a timer that is cancelled by another that is due does not go off', () => {
    const table = new TimerTable<string>();
    table.set('first', 10, 'first');
    table.set('second', 10, 'second');
    assert.equal(table.takeDue(10)?.key, 'first');
    table.cancel('second');
    assert.equal(table.takeDue(10), undefined);
  });

  it('timers of one moment go off in the order of setting', () => {
    const table = new TimerTable<number>();
    for (let i = 0; i < 10; i++) table.set(`t${i}`, 5, i);
    assert.deepEqual(
      takeAll(table, 5).map(({ event }) => event),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
  });
});
