/** A problem that the user can mend: one line, no stack, exit code 1. */
export class CliError extends Error {
  override name = 'CliError';
}

/** Runs a command to its exit code; what goes wrong becomes one line on standard error. */
export async function runCommand(command: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await command();
  } catch (error) {
    console.error(describe(error));
    process.exitCode = 1;
  }
}

/** An error as one line; a bug keeps its stack. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const expected = ['CliError', 'StartError', 'ConfigError', 'ZooKeeperConfigError'].includes(error.name);
  return expected ? error.message : (error.stack ?? error.message);
}
