import assert from 'node:assert/strict';
import { readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../../tools/peers/process.ts';
import { Workspace } from '../../../tools/workspace.ts';
import { find } from '../../support/docs/page.ts';
import { readPages } from '../../support/docs/run-page.ts';
import { installPackage } from '../../support/docs/snippets.ts';
import type { Scenario } from '../scenario.ts';

interface Runner {
  readonly name: string;
  readonly version: string;
  /** The file that the page's example is put into. */
  readonly file: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  /** What it prints when one test has passed and none has failed. */
  readonly passed: RegExp;
}

const RUNNERS: readonly Runner[] = [
  {
    name: 'vitest',
    version: '5.1.2',
    file: 'example.test.ts',
    dependencies: {},
    args: ['node_modules/vitest/vitest.mjs', 'run'],
    passed: /Tests\s+1 passed \(1\)/,
  },
  {
    name: 'jest',
    version: '30.5.2',
    file: 'example.test.js',
    dependencies: { '@jest/globals': '30.5.2' },
    args: ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js'],
    passed: /Tests:\s+1 passed, 1 total/,
  },
];

/** The examples of docs/testing.md that need a test runner which is not ours to install. */
export const documentationScenarios: readonly Scenario[] = RUNNERS.map((runner) => ({
  name: `documentation with ${runner.name} ${runner.version}`,
  shows: 'the example of docs/testing.md, in a project with the package installed',
  async run({ toolbox }) {
    const blocks = [...readPages().values()].flat();
    const [example, ...others] = blocks.filter(
      (block) => find(block, 'needs')?.server === `npm ${runner.name}`,
    );
    assert(example !== undefined && others.length === 0, `one example for ${runner.name}`);
    const { node } = await toolbox.node();
    const installed = await toolbox.packages({ [runner.name]: runner.version, ...runner.dependencies });
    const workspace = new Workspace('runner');
    try {
      installPackage(workspace);
      const modules = join(installed, 'node_modules');
      for (const name of readdirSync(modules)) {
        if (![runner.name, '@jest'].includes(name)) continue;
        symlinkSync(join(modules, name), join(workspace.path, 'node_modules', name), 'junction');
      }
      workspace.file(runner.file, example.text);
      const { stdout, stderr } = await run(node, runner.args, {
        cwd: workspace.path,
        env: { NO_COLOR: '1', CI: '1' },
      });
      assert.match(`${stdout}${stderr}`, runner.passed);
      return 'one test passed';
    } finally {
      workspace.remove();
    }
  },
}));
