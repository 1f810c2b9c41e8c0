import { linkSync, readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DiskLock } from '../disk.ts';

/** Who holds a lock: a process id is used again in time (always, in a container), its start is not. */
interface Holder {
  pid: number;
  /** When the process began, as the system writes it; empty where the system does not tell. */
  start: string;
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ESRCH', 'EACCES')) return undefined;
    throw error;
  }
}

/** What Linux's /proc tells of a process, from its state on; empty elsewhere. */
function factsOf(pid: number): string[] {
  const stat = readText(`/proc/${pid}/stat`);
  // The second field is the program's name in brackets and may hold blanks: count after its end.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
}

/** Boot and start time of a process on Linux; empty elsewhere. */
function startOf(pid: number): string {
  const ticks = factsOf(pid)[19];
  if (ticks === undefined) return '';
  const boot = readText('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
  return `${boot}/${ticks}`;
}

/**
 * Whether a process is one that only waits for its parent to hear of its end, with no thread left that might still
 * write. Where the parent never asks (the first process of many containers), it waits for ever.
 */
function hasEnded(pid: number): boolean {
  if (factsOf(pid)[0] !== 'Z') return false;
  try {
    return readdirSync(`/proc/${pid}/task`).length <= 1;
  } catch (error) {
    // It was reaped meanwhile.
    if (isCode(error, 'ENOENT', 'ESRCH')) return true;
    throw error;
  }
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it is there and belongs to somebody else.
    if (!isCode(error, 'EPERM')) return false;
  }
  if (hasEnded(holder.pid)) return false;
  const start = startOf(holder.pid);
  return holder.start === '' || start === '' || holder.start === start;
}

function parseHolder(text: string): Holder | undefined {
  const [pid = '', start = ''] = text.split('\n');
  return /^[1-9]\d{0,9}$/.test(pid) ? { pid: Number(pid), start } : undefined;
}

/** Puts `text` at `path` in one step unless something is there already. */
function createExclusively(path: string, text: string): boolean {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    if (!isCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK')) throw error;
  } finally {
    unlinkSync(draft);
  }
  // A file system without hard links: not there in one step, but still exclusive.
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Moves a stale lock out of the way; puts it back when another process replaced it meanwhile. */
function removeStale(path: string, staleText: string): void {
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return;
    throw error;
  }
  const found = readText(aside);
  if (found !== undefined && found !== staleText) createExclusively(path, found);
  unlinkSync(aside);
}

/**
 * Takes `directory/.lock`, which holds the process id and its start. A lock whose process is gone, or that
 * holds no process id (Apache's servers leave an empty file behind), is taken over.
 */
export function lockDirectory(directory: string): DiskLock | undefined {
  const path = join(directory, '.lock');
  const text = `${process.pid}\n${startOf(process.pid)}\n`;
  for (let attempt = 0; attempt < 3; attempt += 1) {
    if (createExclusively(path, text)) return { release: () => releaseLock(path, text) };
    const foundText = readText(path);
    if (foundText === undefined) continue;
    const holder = parseHolder(foundText);
    if (holder !== undefined && isAlive(holder)) return undefined;
    removeStale(path, foundText);
  }
  return undefined;
}

function releaseLock(path: string, text: string): void {
  if (readText(path) === text) unlinkSync(path);
}
