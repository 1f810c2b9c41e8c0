/** A problem that the user can mend: one line, no stack, exit code 1. */
export class CliError extends Error {
  override name = 'CliError';
}

/** Errors of ours whose message says what is wrong and what to do; everything else of ours is a bug. */
const EXPECTED: ReadonlySet<string> = new Set([
  'BrokerIdTakenError',
  'CheckpointError',
  'CliError',
  'ConfigError',
  'ConnectStringError',
  'ElectionPortError',
  'LogDirectoryError',
  'MetaPropertiesError',
  'PersistenceError',
  'PropertiesError',
  'StartError',
  'ZooKeeperConfigError',
]);

/** What to do about the errors of the system that a start can meet, by their codes. */
const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: 'give this user the right, or name another place',
  EADDRINUSE: 'the port is taken: stop the program that has it, or choose another port',
  EADDRNOTAVAIL: 'this machine has no such address: name one of its own',
  EDQUOT: 'the quota of this user is used up: free some space, or name another place',
  EISDIR: 'a directory is where a file should be: name a file',
  EMFILE: 'too many open files: raise the limit (ulimit -n)',
  ENAMETOOLONG: 'the path is too long: name another place',
  ENOENT: 'there is no such place: check the path',
  ENOSPC: 'the disk is full: free some space, or name another place',
  ENOTDIR: 'a file is where a directory should be: move it away, or name another place',
  ENOTFOUND: 'no such host is known: check the name',
  EPERM: 'give this user the right, or name another place',
  EROFS: 'the file system is read-only: name another place',
};

/**
 * Runs a command to its exit code; what goes wrong becomes one line on standard error and exit code 1, or the one
 * that `exitCodes` has for the name of the error.
 */
export async function runCommand(
  command: () => Promise<number>,
  exitCodes: Readonly<Record<string, number>> = {},
): Promise<void> {
  try {
    process.exitCode = await command();
  } catch (error) {
    console.error(describeFailure(error));
    process.exitCode = (error instanceof Error ? exitCodes[error.name] : undefined) ?? 1;
  }
}

/** An error as one line that names the remedy; a bug keeps its stack. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (EXPECTED.has(error.name)) return error.message;
  if (error.name === 'ZooKeeperError' && /^(CONNECTIONLOSS|SESSIONEXPIRED)/.test(error.message)) {
    return `${error.message}: check the address, and that ZooKeeper runs there`;
  }
  const remedy = 'code' in error ? REMEDIES[String(error.code)] : undefined;
  return remedy === undefined ? (error.stack ?? error.message) : `${error.message}: ${remedy}`;
}
