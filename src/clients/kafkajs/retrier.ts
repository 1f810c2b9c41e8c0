import type { Env } from '../../env/env.ts';
import { pause } from '../kafka/cluster/pause.ts';
import { KafkaJSError, KafkaJSNonRetriableError, KafkaJSNumberOfRetriesExceeded } from './errors.ts';
import type { RetryOptions } from './types/common.ts';

const DEFAULTS = { maxRetryTime: 30_000, initialRetryTime: 300, factor: 0.2, multiplier: 2, retries: 5 };

/** Faults of a program: trying again would only hide them. */
const PROGRAM_FAULTS: ReadonlySet<string> = new Set([
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
]);

/** What a {@link Retrier} does not try again: thrown by an attempt, its error goes to the caller as it is. */
export class Bail extends Error {
  readonly error: unknown;

  constructor(error: unknown) {
    super('not tried again');
    this.error = error;
  }
}

export interface Attempt {
  readonly retryCount: number;
  readonly retryTime: number;
}

export type Retrier = <T>(attempt: (facts: Attempt) => Promise<T>) => Promise<T>;

/**
 * Tries again what fails, with pauses that grow. What is left after the last attempt is a
 * KafkaJSNumberOfRetriesExceeded around its failure; what is not to be tried again a KafkaJSNonRetriableError, or the
 * very error of a {@link Bail}.
 */
export function createRetrier(env: Env, options: RetryOptions = {}): Retrier {
  const { factor, multiplier, maxRetryTime, retries, initialRetryTime } = { ...DEFAULTS, ...options };
  const about = (timeMs: number): number => {
    const delta = factor * timeMs;
    return Math.ceil(timeMs - delta + env.random.float() * 2 * delta);
  };
  return async (attempt) => {
    let retryTime = about(initialRetryTime);
    for (let retryCount = 0; ; retryCount++) {
      try {
        return await attempt({ retryCount, retryTime });
      } catch (thrown) {
        if (thrown instanceof Bail) throw thrown.error;
        const error = thrown instanceof Error ? thrown : new KafkaJSError(String(thrown));
        if (!mayPass(error)) throw new KafkaJSNonRetriableError(error, { cause: causeOf(error) });
        if (retryCount >= retries) throw new KafkaJSNumberOfRetriesExceeded(error, { retryCount, retryTime });
      }
      await pause(env.timers, retryTime);
      retryTime = Math.min(about(retryTime) * multiplier, maxRetryTime);
    }
  };
}

export const INITIAL_RETRY_TIME_MS = DEFAULTS.initialRetryTime;

function mayPass(error: Error): boolean {
  return (error as KafkaJSError).retriable !== false && !PROGRAM_FAULTS.has(error.name);
}

function causeOf(error: Error): Error {
  return error.cause instanceof Error ? error.cause : error;
}
