import { strict as assert } from 'node:assert';
import { errors } from '../../src/wire/kafka/errors.ts';
import type { GoldenCheck } from './check.ts';

interface ErrorFact {
  readonly code: number;
  readonly name: string;
  readonly retriable: boolean;
}

const LAST_OF_4_3 = 133;

/** Codes, names and retriability of the protocol's errors. */
export const kafkaErrors: GoldenCheck = {
  name: 'Kafka error table',
  matches: (path) => /^kafka\/errors(-4\.3)?\.json$/.test(path),
  *cases(file) {
    const facts = file.json<ErrorFact[]>();
    yield {
      label: 'the table has these codes, and others only behind them',
      run: () =>
        assert.deepEqual(
          [...errors.keys()].slice(0, facts.length),
          facts.map((fact) => fact.code),
        ),
    };
    yield {
      label: 'no code is unheard of in 4.3',
      run: () => assert(Math.max(...errors.keys()) <= LAST_OF_4_3),
    };
    for (const { code, name, retriable } of facts) {
      yield {
        label: name,
        run() {
          const error = errors.get(code);
          assert.equal(error?.name, name);
          assert.equal(error?.retriable, retriable);
        },
      };
    }
  },
};
