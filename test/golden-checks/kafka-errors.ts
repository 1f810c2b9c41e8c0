import { strict as assert } from 'node:assert';
import { errors } from '../../src/wire/kafka/errors.ts';
import type { GoldenCheck } from './check.ts';

interface ErrorFact {
  readonly code: number;
  readonly name: string;
  readonly retriable: boolean;
}

/** Codes, names and retriability of the protocol's errors. */
export const kafkaErrors: GoldenCheck = {
  name: 'Kafka error table',
  matches: (path) => path === 'kafka/errors.json',
  *cases(file) {
    const facts = file.json<ErrorFact[]>();
    yield {
      label: 'the table has these codes and no others',
      run: () =>
        assert.deepEqual(
          [...errors.keys()],
          facts.map((fact) => fact.code),
        ),
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
