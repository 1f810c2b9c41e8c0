import { ZooKeeperError } from './zookeeper-error.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what ZooKeeper refuses in paths.
const REFUSED_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\ud800-\uf8ff\ufff0-\uffff]/;

function problemOf(path: string): string | undefined {
  if (!path.startsWith('/')) return 'it does not begin with /';
  if (path === '/') return undefined;
  if (path.endsWith('/')) return 'it ends with /';
  for (const name of path.slice(1).split('/')) {
    if (name === '') return 'it has an empty name in it';
    if (name === '.' || name === '..') return 'relative names are not allowed';
  }
  const refused = REFUSED_CHARACTERS.exec(path)?.[0];
  return refused === undefined ? undefined : `character ${refused.charCodeAt(0)} is not allowed`;
}

/** Throws BADARGUMENTS for what is no path (org.apache.zookeeper.common.PathUtils). */
export function checkPath(path: string): void {
  const problem = problemOf(path);
  if (problem !== undefined) throw new ZooKeeperError('BADARGUMENTS', path, { text: `bad path: ${problem}` });
}

/** As {@link checkPath} for a path that the server puts a number behind, so that it may end with a slash. */
export function checkSequentialPath(path: string): void {
  checkPath(`${path}0`);
}

/** Paths as the client's user sees them, below the chroot, and as the server does. */
export class Chroot {
  /** Empty, or a path without a slash at its end. */
  readonly prefix: string;

  constructor(prefix: string) {
    if (prefix !== '') checkPath(prefix);
    this.prefix = prefix;
  }

  toServer(path: string): string {
    return path === '/' && this.prefix !== '' ? this.prefix : this.prefix + path;
  }

  /** A path outside of the chroot stays as it is. */
  toClient(path: string): string {
    if (this.prefix === '') return path;
    if (path === this.prefix) return '/';
    return path.startsWith(`${this.prefix}/`) ? path.slice(this.prefix.length) : path;
  }
}
