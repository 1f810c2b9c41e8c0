import { CliError } from './failure.ts';

/** Collects `--override KEY=VALUE` options into one table; the last of a key wins. */
export function collectOverride(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const at = text.indexOf('=');
  if (at <= 0) throw new CliError(`--override ${text}: write it as --override KEY=VALUE`);
  return { ...before, [text.slice(0, at).trim()]: text.slice(at + 1).trim() };
}

/** A port from the command line: 0 (any free one) to 65535. */
export function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new CliError(`${text} is no port: give a number from 0 (any free one) to 65535`);
  }
  return Number(text);
}
