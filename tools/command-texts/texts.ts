/** How a command answered a command line, without what differs from run to run. */
export interface CommandAnswer {
  readonly args: readonly string[];
  readonly exitCode: number | null;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

/**
 * Output as lines without what cannot be equal: stack frames of Java, times in front of log lines, names that Apache
 * draws at random, and what its clients log beside the tool (a connection that fails, an error in an answer).
 */
export function comparableLines(text: string): string[] {
  return text
    .replace(/^\tat .*\n|^\t\.\.\. \d+ more\n/gm, '')
    .replace(/^\[?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\]? /gm, '')
    .replace(/^WARN .*\(org\.apache\.kafka\.clients\.NetworkClient\)\n/gm, '')
    .replace(/^ERROR .*\(org\.apache\.kafka\.clients\.admin\.internals\.\w+\)\n/gm, '')
    .replace(/perf-consumer-\d+\)? */g, 'perf-consumer-N')
    .split('\n');
}
