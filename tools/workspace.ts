import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory of its own for one test, scenario or measurement; its owner removes it. */
export class Workspace {
  readonly path: string;

  constructor(purpose = 'scratch') {
    this.path = mkdtempSync(join(realpathSync(tmpdir()), `streamkeeper-${purpose}-`));
  }

  dir(name: string): string {
    const path = join(this.path, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  file(name: string, text: string): string {
    const path = join(this.path, name);
    writeFileSync(path, text);
    return path;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
