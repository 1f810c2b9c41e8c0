import { QUOTA_PATH } from '../../wire/zookeeper/quota.ts';

/** The node that holds the ensemble's configuration (ZooDefs.CONFIG_NODE). */
export const CONFIG_PATH = '/zookeeper/config';
export const SYSTEM_PATH = '/zookeeper';

/** The nodes that every tree has and that nobody may delete. */
export function isSpecialPath(path: string): boolean {
  return path === '/' || path === SYSTEM_PATH || path === QUOTA_PATH || path === CONFIG_PATH;
}

/** The path of the parent: '/' for the children of the root. Undefined for a path without any slash. */
export function parentPath(path: string): string | undefined {
  const slash = path.lastIndexOf('/');
  if (slash === -1) return undefined;
  return slash === 0 ? '/' : path.slice(0, slash);
}

export function childName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The first component of a path: what per-namespace counters are kept by. */
export function topNamespace(path: string): string | undefined {
  const parts = path.split('/');
  return parts.length > 1 && parts[1] !== '' ? parts[1] : undefined;
}

const SLASH = 0x2f;
const DOT = 0x2e;

/** Code units that no path may hold (PathUtils.validatePath): controls, surrogates, private use, specials. */
function isForbidden(unit: number): boolean {
  return (
    (unit > 0 && unit <= 0x1f) ||
    (unit >= 0x7f && unit <= 0x9f) ||
    (unit >= 0xd800 && unit <= 0xf8ff) ||
    unit >= 0xfff0
  );
}

/**
 * Checks a path by the rules of PathUtils.validatePath. Returns what is wrong with it, or undefined when
 * nothing is.
 */
export function pathProblem(path: string): string | undefined {
  if (path.length === 0) return 'empty path';
  if (path.charCodeAt(0) !== SLASH) return 'path does not start with /';
  const length = path.length;
  if (length === 1) return undefined;
  if (path.charCodeAt(length - 1) === SLASH) return 'path ends with /';
  let componentStart = 1;
  for (let i = 1; i <= length; i++) {
    const unit = i === length ? SLASH : path.charCodeAt(i);
    if (unit === SLASH) {
      const size = i - componentStart;
      if (size === 0) return `empty node name at ${i}`;
      if (size <= 2 && isRelative(path, componentStart, size)) return `relative path at ${componentStart}`;
      componentStart = i + 1;
    } else if (unit === 0) {
      return `null character at ${i}`;
    } else if (isForbidden(unit)) {
      return `invalid character at ${i}`;
    }
  }
  return undefined;
}

function isRelative(path: string, start: number, size: number): boolean {
  if (path.charCodeAt(start) !== DOT) return false;
  return size === 1 || path.charCodeAt(start + 1) === DOT;
}
