/** Raised when the program itself is wrong, never for bad input: a bug, on in production. */
export class AssertionError extends Error {
  override name = 'AssertionError';
}

/**
 * States an invariant that only a programming error can break. What is called for every request gives the message as
 * a function: making a text of numbers costs more than the check.
 */
export function assert(condition: unknown, message: string | (() => string)): asserts condition {
  if (!condition) throw new AssertionError(typeof message === 'string' ? message : message());
}

/** Marks a branch that the types prove impossible. */
export function unreachable(value: never, what: string): never {
  throw new AssertionError(`unreachable ${what}: ${String(value)}`);
}
