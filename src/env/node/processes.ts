import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Starts a program of ours in the background, its output appended to a file; returns its pid. */
export function startDetached(script: string, args: readonly string[], outputFile: string): number {
  mkdirSync(dirname(outputFile), { recursive: true });
  const output = openSync(outputFile, 'a');
  try {
    const child = spawn(process.execPath, [script, ...args], {
      detached: true,
      stdio: ['ignore', output, output],
    });
    child.unref();
    if (child.pid === undefined) throw new Error(`${process.execPath} cannot be started`);
    return child.pid;
  } finally {
    closeSync(output);
  }
}

export interface RunningProcess {
  readonly pid: number;
  /** The command line with blanks between the words. */
  readonly command: string;
}

/** The processes of this machine that this user can see: from /proc where there is one, else from `ps`. */
export function listProcesses(): RunningProcess[] {
  if (existsSync('/proc/self/cmdline')) {
    return readdirSync('/proc').flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return [{ pid: Number(name), command }];
      } catch {
        return []; // It ended between the listing and the look.
      }
    });
  }
  const { stdout, error } = spawnSync('ps', ['-ax', '-o', 'pid=,args='], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (error !== undefined) throw new Error(`ps cannot be run: ${error.message}`);
  return stdout.split('\n').flatMap((line) => {
    const match = line.match(/^\s*(\d+)\s+(.*)$/);
    return match === null ? [] : [{ pid: Number(match[1]), command: match[2] ?? '' }];
  });
}

/** Whether a process with this pid is there. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Asks a process to end; false when there is none. */
export function terminate(pid: number): boolean {
  try {
    process.kill(pid, 'SIGTERM');
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

/**
 * Runs `close` once on the first SIGINT or SIGTERM and then ends the process with 0, or with 1 when closing
 * fails. A second signal ends it at once.
 */
export function closeOnSignal(close: () => Promise<void>, onError: (error: unknown) => void): void {
  let closing = false;
  const handle = () => {
    if (closing) process.exit(130);
    closing = true;
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        onError(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
}
