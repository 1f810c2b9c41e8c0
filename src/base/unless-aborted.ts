/**
 * Settles as `promise` does, or rejects with the signal's reason when that is aborted first. `discard` gets a value
 * that comes too late, for what it stands for to be given back.
 */
export function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  discard: (value: T) => void = () => undefined,
): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason);
      // An error that comes too late has nobody to go to: whoever asked has been told of the abort.
      promise.then(discard, () => undefined);
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    promise
      .then(
        (value) => resolve(value),
        (error: unknown) => reject(error),
      )
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}
