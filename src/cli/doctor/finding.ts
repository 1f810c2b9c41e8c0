/** How bad something is: `unknown` is what could not be found out, `problem` makes the command fail. */
export type Verdict = 'ok' | 'unknown' | 'warning' | 'problem';

/** One thing that the doctor has looked at. */
export interface Finding {
  readonly check: 'addresses' | 'brokers' | 'controller' | 'partitions' | 'versions' | 'quorum' | 'clocks';
  readonly verdict: Verdict;
  /** What was found. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
}

export const VERDICTS: readonly Verdict[] = ['ok', 'unknown', 'warning', 'problem'];

/** A list that does not fill the screen. */
export function shortList(items: readonly string[], limit = 8): string {
  const shown = items.slice(0, limit).join(', ');
  return items.length > limit ? `${shown} and ${items.length - limit} more` : shown;
}
