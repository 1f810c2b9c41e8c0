/**
 * One call of a command: Apache's class and ours run it with the same arguments, one after the other, and say the same.
 * In arguments and files, `{at}` is the address of the broker, `{zk}` that of ZooKeeper, `{dir}` a directory of its own and
 * `{me}` a word of four letters that is another one for each of the two, for what only one of them can create.
 */
export interface ToolCase {
  readonly command: string;
  readonly args: readonly string[];
  readonly input?: string;
  /** Belongs to the subset of `--quick`. */
  readonly quick?: true;
  /** Files that are written before, by their names below `{dir}`. */
  readonly files?: Readonly<Record<string, string>>;
  /** Why the outputs are not compared, where only the exit codes can be the same. */
  readonly differs?: string;
}

/** A case whose arguments are written in one line, without quotes. */
export function call(
  command: string,
  line: string,
  options: Omit<ToolCase, 'command' | 'args'> = {},
): ToolCase {
  return { command, args: line.split(' ').filter((word) => word !== ''), ...options };
}
