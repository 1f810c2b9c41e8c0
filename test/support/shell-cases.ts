import { goldenLines } from './golden.ts';

export interface ShellCase {
  readonly name: string;
  /** A one-shot call, or lines that are typed. */
  readonly args?: readonly string[];
  readonly lines?: readonly string[];
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** What Apache's shell 3.9.5 printed against Apache's server, case after case on one server that was empty. */
export const shellCases: readonly ShellCase[] = goldenLines<ShellCase>('zookeeper/shell/apache-3.9.5.jsonl');

/** What is typed. */
export function inputOf({ lines = [] }: ShellCase): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** Lines of output without times, transaction numbers and addresses, which differ from run to run. */
export function comparableOutput(text: string): string[] {
  return text
    .replace(/= (\w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC) \d{4}/g, '= TIME')
    .replace(/(Zxid = |ephemeralOwner = )0x[1-9a-f][0-9a-f]*/g, '$1ID')
    .replace(/zxid: \d+/g, 'zxid: N')
    .replace(/127\.0\.0\.1:(\d+|PORT)/g, 'SERVER')
    .trimEnd()
    .split('\n');
}
