/**
 * A call on a shared object with the positions in the history at which it began and ended. A call whose outcome
 * nobody knows never ends: it may take effect at any later time, or not at all.
 */
export interface Call<I, R> {
  readonly input: I;
  readonly output: R | undefined;
  readonly invokedAt: number;
  readonly endedAt: number;
}

/** How the object behaves when used by one client alone. */
export interface SequentialModel<S, I, R> {
  readonly initial: S;
  /** The state after the call; undefined when the call cannot have had this output in this state. */
  apply(state: S, input: I, output: R | undefined): S | undefined;
  /** Equal for equal states. */
  key(state: S): string;
}

interface Entry<I, R> {
  readonly call: Call<I, R>;
  readonly index: number;
  readonly isReturn: boolean;
  /** The return of a call; undefined for returns. */
  match: Entry<I, R> | undefined;
  next: Entry<I, R> | undefined;
  previous: Entry<I, R> | undefined;
}

/**
 * Whether this very order of the calls keeps real time and is right for the model: a witness that they are
 * linearizable, from wherever it is. That it is not says nothing.
 */
export function isLinearization<S, I, R>(
  model: SequentialModel<S, I, R>,
  order: readonly Call<I, R>[],
): boolean {
  let state = model.initial;
  let latestBeginning = 0;
  for (const { input, output, invokedAt, endedAt } of order) {
    latestBeginning = Math.max(latestBeginning, invokedAt);
    const after = model.apply(state, input, output);
    if (after === undefined || endedAt < latestBeginning) return false;
    state = after;
  }
  return true;
}

/**
 * Whether there is an order of the calls that keeps real time and is right for the model (Wing and Gong, with
 * Lowe's cache of visited configurations). Gives undefined when there is, else what could not be placed.
 */
export function findNonLinearizable<S, I, R>(
  model: SequentialModel<S, I, R>,
  calls: readonly Call<I, R>[],
): Call<I, R> | undefined {
  const head = linkEntries(calls);
  const placed = new Uint8Array(calls.length);
  const seen = new Set<string>();
  const stack: { entry: Entry<I, R>; state: S }[] = [];
  let open = calls.filter(({ output }) => output !== undefined).length;
  let state = model.initial;
  let entry = head.next;
  let deepest = 0;
  let stuck: Call<I, R> | undefined;
  while (open > 0) {
    if (entry !== undefined && !entry.isReturn) {
      const { call, index } = entry;
      const after = model.apply(state, call.input, call.output);
      if (after !== undefined) {
        placed[index] = 1;
        const configuration = `${placed.join('')} ${model.key(after)}`;
        if (!seen.has(configuration)) {
          seen.add(configuration);
          stack.push({ entry, state });
          state = after;
          if (call.output !== undefined) open--;
          lift(entry);
          entry = head.next;
          continue;
        }
        placed[index] = 0;
      }
      entry = entry.next;
      continue;
    }
    // A return whose call could not be placed, or nothing left to try: take back the last choice.
    if (stack.length >= deepest) {
      deepest = stack.length;
      stuck = entry?.call ?? stuck;
    }
    const last = stack.pop();
    if (last === undefined) return stuck ?? calls[0];
    state = last.state;
    placed[last.entry.index] = 0;
    if (last.entry.call.output !== undefined) open++;
    unlift(last.entry);
    entry = last.entry.next;
  }
  return undefined;
}

function linkEntries<I, R>(calls: readonly Call<I, R>[]): Entry<I, R> {
  const entries: { at: number; entry: Entry<I, R> }[] = [];
  const make = (call: Call<I, R>, index: number, isReturn: boolean): Entry<I, R> => ({
    call,
    index,
    isReturn,
    match: undefined,
    next: undefined,
    previous: undefined,
  });
  calls.forEach((call, index) => {
    const begin = make(call, index, false);
    const end = make(call, index, true);
    begin.match = end;
    entries.push({ at: call.invokedAt, entry: begin });
    // What never ended constrains nothing: its return is left out.
    if (call.output === undefined) begin.match = undefined;
    else entries.push({ at: call.endedAt, entry: end });
  });
  entries.sort((a, b) => a.at - b.at);
  const head = make(calls[0] ?? ({} as Call<I, R>), -1, true);
  let previous = head;
  for (const { entry } of entries) {
    previous.next = entry;
    entry.previous = previous;
    previous = entry;
  }
  return head;
}

/** Takes a call and its return out of the list. */
function lift<I, R>(entry: Entry<I, R>): void {
  for (const each of [entry, entry.match]) {
    if (each === undefined) continue;
    if (each.previous !== undefined) each.previous.next = each.next;
    if (each.next !== undefined) each.next.previous = each.previous;
  }
}

/** Puts them back, in the opposite order. */
function unlift<I, R>(entry: Entry<I, R>): void {
  for (const each of [entry.match, entry]) {
    if (each === undefined) continue;
    if (each.previous !== undefined) each.previous.next = each;
    if (each.next !== undefined) each.next.previous = each;
  }
}
