import { KafkaError } from '../../clients/kafka/kafka-error.ts';
import type { Output } from './output.ts';
import { EXIT } from './verb.ts';

/** What became of one of several things, for programs. */
export interface ItemError {
  readonly code: string;
  readonly message: string;
}

export function itemError(outcome: unknown): ItemError | null {
  return outcome instanceof KafkaError ? { code: outcome.code, message: outcome.message } : null;
}

/**
 * Prints what became of each thing under `name`: a line each for people, `done` in front of what succeeded. Gives the
 * exit code, which is a failure when one of them failed.
 */
export function reportItems<V>(
  output: Output,
  name: string,
  outcomes: ReadonlyMap<string, V | KafkaError>,
  done: (key: string, value: V) => string,
): number {
  const items = [...outcomes].map(([key, outcome]) => ({ name: key, error: itemError(outcome) }));
  output.result({ [name]: items }, () => {
    for (const [key, outcome] of outcomes) {
      if (outcome instanceof KafkaError) output.error(outcome.code, outcome.message);
      else output.line(done(key, outcome));
    }
  });
  return items.some(({ error }) => error !== null) ? EXIT.failed : EXIT.ok;
}
