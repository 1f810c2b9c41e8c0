import type { Disk } from '../../src/env/disk.ts';

/**
 * A disk of which a folder can be taken away: every call that names a path below it fails from then on. Or the process
 * has as many files open as it may.
 */
export class BreakableDisk {
  readonly disk: Disk;
  private broken: string | undefined;
  /** While set no file can be opened. */
  isOutOfDescriptors = false;

  constructor(inner: Disk) {
    this.disk = new Proxy(inner, {
      get: (target, name) => {
        const value = Reflect.get(target, name) as unknown;
        if (typeof value !== 'function') return value;
        return (path: unknown, ...rest: unknown[]) => {
          if (typeof path === 'string' && this.isBroken(path)) {
            throw Object.assign(new Error(`EIO: the disk of ${path} is gone`), { code: 'EIO' });
          }
          if (
            this.isOutOfDescriptors &&
            (name === 'open' || name === 'readFile' || name === 'syncDirectory')
          ) {
            throw Object.assign(new Error(`EMFILE: too many open files, open '${String(path)}'`), {
              code: 'EMFILE',
            });
          }
          return Reflect.apply(value, target, [path, ...rest]) as unknown;
        };
      },
    });
  }

  break(folder: string): void {
    this.broken = folder;
  }

  private isBroken(path: string): boolean {
    return this.broken !== undefined && (path === this.broken || path.startsWith(`${this.broken}/`));
  }
}
