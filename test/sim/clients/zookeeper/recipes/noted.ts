/** Notes what a promise has resolved to; undefined until then. */
export function noted<T>(promise: Promise<T>): { value: T | undefined } {
  const note: { value: T | undefined } = { value: undefined };
  promise.then(
    (value) => {
      note.value = value;
    },
    () => undefined,
  );
  return note;
}
