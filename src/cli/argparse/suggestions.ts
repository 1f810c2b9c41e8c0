/** How unlike two words may be for one to be offered for the other. */
const LIMIT = 7;

/** Words that may be meant by `typed`, the likeliest of them; empty where none is like it. */
export function suggestions(typed: string, words: readonly string[]): string[] {
  const body = typed.replace(/^-+/, '');
  const rated = words
    .map((word) => ({ word, name: word.replace(/^-+/, '') }))
    .filter(({ word, name }) => !word.startsWith('-') || name.length > 1)
    .map(({ word, name }) => ({ word, cost: name.startsWith(body) ? 0 : editCost(body, name) }));
  const least = Math.min(...rated.map(({ cost }) => cost));
  if (least >= LIMIT) return [];
  return rated.filter(({ cost }) => cost === least).map(({ word }) => word);
}

/** Cost of turning one word into the other: swapped neighbours 0, a letter more 1, another 2, one less 4. */
function editCost(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const same = from[i - 1] === to[j - 1];
      let cost = (last[j - 1] ?? 0) + (same ? 0 : 2);
      if (i > 1 && j > 1 && !same && from[i - 2] === to[j - 1] && from[i - 1] === to[j - 2]) {
        cost = Math.min(cost, beforeLast[j - 2] ?? cost);
      }
      row[j] = Math.min(cost, (last[j] ?? 0) + 4, (row[j - 1] ?? 0) + 1);
    }
    beforeLast = last;
    last = row;
  }
  return last[to.length] ?? 0;
}
