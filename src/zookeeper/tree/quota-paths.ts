import { parentPath, QUOTA_PATH } from './path.ts';

export const LIMIT_NODE = 'zookeeper_limits';
export const USAGE_NODE = 'zookeeper_stats';

/** The node that holds the limits of the quota on `path`. */
export function limitPath(path: string): string {
  return `${QUOTA_PATH}${path}/${LIMIT_NODE}`;
}

/** The node that holds the usage counted for the quota on `path`. */
export function usagePath(path: string): string {
  return `${QUOTA_PATH}${path}/${USAGE_NODE}`;
}

/** The paths that have a quota. */
export class QuotaPaths {
  private readonly paths = new Set<string>();

  /** Paths with a quota, in the order in which they got it. */
  values(): Iterable<string> {
    return this.paths;
  }

  add(path: string): void {
    this.paths.add(path);
  }

  delete(path: string): void {
    this.paths.delete(path);
  }

  clear(): void {
    this.paths.clear();
  }

  /** The deepest path with a quota at or above `path`; the root cannot have one. */
  covering(path: string): string | undefined {
    if (this.paths.size === 0) return undefined;
    for (
      let at: string | undefined = path;
      at !== undefined && at !== '/' && at !== '';
      at = parentPath(at)
    ) {
      if (this.paths.has(at)) return at;
    }
    return undefined;
  }
}
