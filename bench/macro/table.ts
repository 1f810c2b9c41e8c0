import type { Figure } from './figures.ts';

export type Who = 'apache' | 'streamkeeper';
/** What each server gave, by the figure's name. */
export type Samples = Map<string, Record<Who, number[]>>;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

export function format(value: number): string {
  if (Number.isNaN(value)) return '-';
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
}

/** Medians and their ratio as a Markdown table; a ratio above 1 says that ours is the better one. */
export function table(samples: Samples, figures: readonly Figure[]): string {
  const rows = figures.flatMap(({ name, unit, better }) => {
    const values = samples.get(name);
    if (values === undefined) return [];
    const [apache, ours] = [median(values.apache), median(values.streamkeeper)];
    const ratio = better === 'less' ? apache / ours : ours / apache;
    return [`| ${name} | ${unit} | ${format(apache)} | ${format(ours)} | ${ratio.toFixed(2)} |`];
  });
  const head = '| measure | unit | Apache | Streamkeeper | times better |';
  return [head, '|---|---|---|---|---|', ...rows].join('\n');
}

/** Puts the text between the markers of that name in a page; throws when the page has none. */
export function putTable(page: string, name: string, text: string): string {
  const between = new RegExp(`<!-- ${name} -->[\\s\\S]*?<!-- end -->`);
  if (!between.test(page)) throw new Error(`the page has no lines <!-- ${name} --> and <!-- end -->`);
  return page.replace(between, () => `<!-- ${name} -->\n${text}\n<!-- end -->`);
}
