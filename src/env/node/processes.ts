import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { setFlagsFromString } from 'node:v8';

/** A program of ours that runs in the background. */
export interface DetachedProcess {
  readonly pid: number;
  /** Whether it has said that it serves (see {@link announceReady}), has ended, or is still on its way. */
  settled(limitMs: number): Promise<'ready' | 'ended' | 'starting'>;
}

/** Starts a program of ours in the background, its output written to a new file. */
export function startDetached(script: string, args: readonly string[], outputFile: string): DetachedProcess {
  mkdirSync(dirname(outputFile), { recursive: true });
  const output = openSync(outputFile, 'w');
  try {
    const child = spawn(process.execPath, [script, ...args], {
      detached: true,
      stdio: ['ignore', output, output, 'ipc'],
    });
    if (child.pid === undefined) throw new Error(`${process.execPath} cannot be started`);
    return { pid: child.pid, settled: (limitMs) => settled(child, limitMs) };
  } finally {
    closeSync(output);
  }
}

function settled(child: ChildProcess, limitMs: number): Promise<'ready' | 'ended' | 'starting'> {
  return new Promise((resolve) => {
    const settle = (outcome: 'ready' | 'ended' | 'starting') => {
      clearTimeout(timer);
      child.removeAllListeners();
      if (child.connected) child.disconnect();
      child.unref();
      resolve(outcome);
    };
    const timer = setTimeout(() => settle('starting'), limitMs);
    child.once('message', () => settle('ready'));
    child.once('exit', () => settle('ended'));
  });
}

/** Tells whoever started this program by {@link startDetached} that it serves; nobody may be there to hear it. */
export function announceReady(): void {
  if (process.send === undefined || !process.connected) return;
  process.send('ready', () => {
    if (process.connected) process.disconnect();
  });
}

export interface RunningProcess {
  readonly pid: number;
  /** The command line with blanks between the words. */
  readonly command: string;
  /** The directory it runs in, which paths in its command line may be relative to; undefined where that cannot be seen. */
  readonly directory: string | undefined;
}

/** The processes of this machine that this user can see: from /proc where there is one, else from `ps`. */
export function listProcesses(): RunningProcess[] {
  if (existsSync('/proc/self/cmdline')) {
    return readdirSync('/proc').flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return [{ pid: Number(name), command, directory: directoryOf(name) }];
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
    return match === null ? [] : [{ pid: Number(match[1]), command: match[2] ?? '', directory: undefined }];
  });
}

function directoryOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined; // Another user's, or it has ended.
  }
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

/** Asks a process to end, by `SIGTERM` or the signal given; false when there is none. */
export function terminate(pid: number, signal: string | number = 'SIGTERM'): boolean {
  try {
    process.kill(pid, signal);
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

/**
 * For a process that is a server and nothing else: lets the heap grow to a multiple before the next full
 * collection. A server's heap is small and its buffers, which the engine counts too, come and go by the hundred
 * megabytes: by the engine's own measure it would collect everything every 25 MB of network traffic.
 */
export function tuneCollectorForServer(): void {
  setFlagsFromString('--heap-growing-percent=300');
}

/**
 * For a process that is a broker and nothing else: lets the young generation stay as small as it starts
 * (`--min-semi-space-size`), instead of growing to 48 MB. What a broker makes for a request is gone with its answer, so
 * collections find hardly anything alive, however small the space; three brokers under a load of three replicas took
 * 147 MB each instead of 184, at the same throughput.
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
