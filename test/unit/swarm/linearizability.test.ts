import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Call,
  findNonLinearizable,
  isLinearization,
  type SequentialModel,
} from '../../swarm/linearizability.ts';

type Input = { write: number } | 'read';

/** A number that is written and read. */
const register: SequentialModel<number, Input, number> = {
  initial: 0,
  apply(state, input, output) {
    if (input === 'read') return output === undefined || output === state ? state : undefined;
    return input.write;
  },
  key: String,
};

const write = (value: number, invokedAt: number, endedAt: number): Call<Input, number> => ({
  input: { write: value },
  output: 0,
  invokedAt,
  endedAt,
});
const read = (value: number, invokedAt: number, endedAt: number): Call<Input, number> => ({
  input: 'read',
  output: value,
  invokedAt,
  endedAt,
});
const unanswered = (value: number, invokedAt: number): Call<Input, number> => ({
  input: { write: value },
  output: undefined,
  invokedAt,
  endedAt: Number.POSITIVE_INFINITY,
});

const CASES: readonly { name: string; calls: readonly Call<Input, number>[]; isFine: boolean }[] = [
  { name: 'nothing', calls: [], isFine: true },
  { name: 'one after the other', calls: [write(1, 0, 1), read(1, 2, 3)], isFine: true },
  {
    name: 'a read of what was overwritten',
    calls: [write(1, 0, 1), write(2, 2, 3), read(1, 4, 5)],
    isFine: false,
  },
  { name: 'a read during a write, of the old', calls: [write(1, 0, 5), read(0, 1, 2)], isFine: true },
  { name: 'a read during a write, of the new', calls: [write(1, 0, 5), read(1, 1, 2)], isFine: true },
  { name: 'new, then old', calls: [write(1, 0, 9), read(1, 1, 2), read(0, 3, 4)], isFine: false },
  {
    name: 'two writes at once, read in either order, but not both',
    calls: [write(1, 0, 9), write(2, 0.5, 9.5), read(2, 10, 11), read(1, 12, 13)],
    isFine: false,
  },
  {
    name: 'a later call has to go first',
    calls: [write(1, 0, 9), write(2, 1, 8), read(2, 2, 3), read(1, 4, 5)],
    isFine: true,
  },
  { name: 'a value from nowhere', calls: [write(1, 0, 1), read(7, 2, 3)], isFine: false },
  {
    name: 'an unanswered write that happened',
    calls: [unanswered(1, 0), read(0, 1, 2), read(1, 3, 4)],
    isFine: true,
  },
  {
    name: 'an unanswered write that did not',
    calls: [unanswered(1, 0), read(0, 1, 2), read(0, 3, 4)],
    isFine: true,
  },
  {
    name: 'an unanswered write that came back',
    calls: [unanswered(1, 0), read(1, 1, 2), write(2, 3, 4), read(1, 5, 6)],
    isFine: false,
  },
];

describe('the linearizability check', () => {
  for (const { name, calls, isFine } of CASES) {
    it(`${isFine ? 'accepts' : 'rejects'}: ${name}`, () => {
      assert.equal(findNonLinearizable(register, calls) === undefined, isFine);
    });
  }

  it('agrees with trying every order', () => {
    let seed = 1;
    const random = (bound: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      return (seed >>> 8) % bound;
    };
    let rejected = 0;
    for (let round = 0; round < 2000; round++) {
      const calls: Call<Input, number>[] = [];
      for (let index = 0; index < 5; index++) {
        const invokedAt = random(10);
        const endedAt = invokedAt + 1 + random(6) + index / 10;
        const isRead = random(2) === 0;
        if (isRead) calls.push(read(random(3), invokedAt + index / 10, endedAt));
        else if (random(4) === 0) calls.push(unanswered(1 + random(2), invokedAt + index / 10));
        else calls.push(write(1 + random(2), invokedAt + index / 10, endedAt));
      }
      const expected = someOrderIsRight(calls, 0);
      rejected += expected ? 0 : 1;
      assert.equal(findNonLinearizable(register, calls) === undefined, expected, JSON.stringify(calls));
    }
    assert.ok(rejected > 100 && rejected < 1900, `${rejected} of 2000 rejected: the cases are of one kind`);
  });
});

function someOrderIsRight(rest: readonly Call<Input, number>[], state: number): boolean {
  if (rest.every(({ output }) => output === undefined)) return true;
  return rest.some((call) => {
    if (
      rest.some((other) => other !== call && other.output !== undefined && other.endedAt < call.invokedAt)
    ) {
      return false;
    }
    const after = register.apply(state, call.input, call.output);
    return (
      after !== undefined &&
      someOrderIsRight(
        rest.filter((other) => other !== call),
        after,
      )
    );
  });
}

describe('a witness', () => {
  it('is an order that keeps real time and is right for the model', () => {
    const calls = [write(1, 0, 9), write(2, 1, 8), read(2, 2, 3), read(1, 4, 5)] as const;
    const [one, two, readTwo, readOne] = calls;
    assert.ok(isLinearization(register, [two, readTwo, one, readOne]));
    assert.ok(!isLinearization(register, calls), 'a read of what was overwritten');
    const late = read(0, 6, 7);
    assert.ok(
      !isLinearization(register, [late, two, readTwo, one, readOne]),
      'it began when others had ended',
    );
  });
});
