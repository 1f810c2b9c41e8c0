import { ShellError } from './shell-error.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what ZooKeeper refuses in paths.
const REFUSED = /[\u0001-\u001f\u007f-\u009f\ud800-\uf8ff\ufff0-\uffff]/;

/** Throws ShellError with the words of PathUtils for what is no path. */
export function checkedPath(path: string, isSequential = false): string {
  const problem = problemOf(isSequential ? `${path}1` : path);
  if (problem !== undefined) throw new ShellError(problem, { code: 'BADARGUMENTS' });
  return path;
}

function problemOf(path: string): string | undefined {
  if (path === '') return 'Path length must be > 0';
  if (!path.startsWith('/')) return 'Path must start with / character';
  if (path === '/') return undefined;
  if (path.endsWith('/')) return 'Path must not end with / character';
  for (let at = 1; at < path.length; at++) {
    const reason = reasonAt(path, at);
    if (reason !== undefined) return `Invalid path string "${path}" caused by ${reason} @${at}`;
  }
  return undefined;
}

function reasonAt(path: string, at: number): string | undefined {
  const char = path.charAt(at);
  const endsName = at + 1 === path.length || path[at + 1] === '/';
  if (char === '\0') return 'null character not allowed';
  if (char === '/' && path[at - 1] === '/') return 'empty node name specified';
  if (char === '.' && endsName) {
    const start = path[at - 1] === '.' ? at - 2 : at - 1;
    return path[start] === '/' ? 'relative paths not allowed' : undefined;
  }
  return REFUSED.test(char) ? 'invalid character' : undefined;
}
