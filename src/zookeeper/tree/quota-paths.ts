import { parentPath } from './path.ts';

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
