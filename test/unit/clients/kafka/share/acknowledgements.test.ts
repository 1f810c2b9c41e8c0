import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Acknowledgements } from '../../../../../src/clients/kafka/share/acknowledgements.ts';

const PARTITION = { topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', topic: 'jobs', partition: 0 };
const LETTERS = { a: 'accept', r: 'release', x: 'reject', n: 'renew', '-': 'gap' } as const;

/** One letter an offset, a blank for one of which nothing is said. */
function batchesOf(text: string): string[] {
  const acknowledgements = new Acknowledgements(PARTITION, 1, 1);
  for (const [offset, letter] of [...text].entries()) {
    if (letter !== ' ') acknowledgements.add(offset, LETTERS[letter as keyof typeof LETTERS]);
  }
  return acknowledgements
    .batches()
    .map(
      ({ firstOffset, lastOffset, acknowledgeTypes }) =>
        `${firstOffset}-${lastOffset}:${acknowledgeTypes.join('')}`,
    );
}

describe('acknowledgements on the wire', () => {
  const cases: readonly (readonly [what: string, text: string, batches: readonly string[]])[] = [
    ['nothing', '', []],
    ['a run of one type', 'aaaa', ['0-3:1']],
    ['offsets with a hole', 'aa aa', ['0-1:1', '3-4:1']],
    ['types that alternate', 'arx-n', ['0-4:12304']],
    ['many of one type between others', `r${'a'.repeat(12)}x`, ['0-0:2', '1-12:1', '13-13:3']],
    ['few of one type between others', `r${'a'.repeat(3)}x`, ['0-4:21113']],
  ];
  for (const [what, text, batches] of cases) {
    it(`say ${what}`, () => assert.deepEqual(batchesOf(text), batches));
  }

  it('take the last word on an offset, and tell nobody of gaps', () => {
    const acknowledgements = new Acknowledgements(PARTITION, 1, 1);
    acknowledgements.add(7, 'gap');
    acknowledgements.add(6, 'renew');
    acknowledgements.add(6, 'accept');
    assert.deepEqual(acknowledgements.offsets, [6]);
    assert.equal(acknowledgements.hasRenewals, false);
  });
});
