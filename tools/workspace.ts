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

  /** Leaves it where it is, for a look at logs and data, with KEEP_WORKSPACES in the environment. */
  remove(): void {
    if (process.env.KEEP_WORKSPACES !== undefined) {
      console.log(`kept ${this.path}`);
      return;
    }
    rmSync(this.path, { recursive: true, force: true });
  }
}
