/** Runs actions one after the other, in the order in which they came; one that fails does not hold up the next. */
export class OneAtATime {
  #tail: Promise<unknown> = Promise.resolve();

  run<T>(action: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(action);
    this.#tail = done.catch(() => undefined);
    return done;
  }
}
