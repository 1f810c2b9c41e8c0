import { UsageError } from './verb.ts';

/** Where to begin: an end of the log, an offset, so many records before the end, a time, or what the group has. */
export type Begin =
  | 'beginning'
  | 'end'
  | 'stored'
  | { readonly offset: number }
  | { readonly beforeEnd: number }
  | { readonly timestampMs: number };

/** Milliseconds since the epoch: as a number, or as a date of ISO 8601. */
export function parseTime(text: string): number | undefined {
  if (/^\d{9,}$/.test(text)) return Number(text);
  const timeMs = Date.parse(text);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

/** As kcat's `-o`: `beginning`, `end`, `stored`, `5`, `-5`, `s@TIME`. Throws {@link UsageError}. */
export function parseBegin(text: string): Begin {
  if (text === 'beginning' || text === 'earliest') return 'beginning';
  if (text === 'end' || text === 'latest') return 'end';
  if (text === 'stored') return 'stored';
  if (/^\d+$/.test(text)) return { offset: Number(text) };
  if (/^-\d+$/.test(text)) return { beforeEnd: -Number(text) };
  const timestampMs = text.startsWith('s@') ? parseTime(text.slice(2)) : undefined;
  if (timestampMs !== undefined) return { timestampMs };
  throw new UsageError(
    `--offset ${text}: give beginning, end, stored, an offset, -N for the last N records, or s@ and a time`,
  );
}
