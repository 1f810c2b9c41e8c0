import assert from 'node:assert/strict';
import { readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ApacheKraft } from '../../../tools/peers/apache-kraft.ts';
import { run } from '../../../tools/peers/process.ts';
import { versions } from '../../../tools/peers/toolbox.ts';
import { Workspace } from '../../../tools/workspace.ts';
import { find } from '../../support/docs/page.ts';
import { readPages, runBlocksOn } from '../../support/docs/run-page.ts';
import { compileSnippets, installPackage } from '../../support/docs/snippets.ts';
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

/** The example of docs/testing.md for a test runner which is not ours to install. */
const runnerScenario = (runner: Runner): Scenario => ({
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
});

/** What pages call it. */
const NEW_KAFKA = 'Apache 4.3';

/** Programs that ask for what our broker does not serve. */
const newKafkaScenario: Scenario = {
  name: `documentation on Kafka ${versions.newKafka}`,
  shows: 'the programs that need a broker of 4.x',
  async run({ toolbox }) {
    const workspace = new Workspace('docs');
    const server = await ApacheKraft.start(toolbox, workspace);
    try {
      installPackage(workspace);
      const pages = [...readPages().values()].filter((blocks) =>
        blocks.some((block) => find(block, 'needs')?.server === NEW_KAFKA),
      );
      assert.deepEqual([...compileSnippets(workspace, pages.flat())], []);
      // The page says why: records that were written before the group had a member are for it, too.
      const group = ['--entity-type', 'groups', '--entity-name', 'workers'];
      const earliest = ['--add-config', 'share.auto.offset.reset=earliest'];
      await server.tool('kafka.admin.ConfigCommand', ['--alter', ...group, ...earliest]);
      // Programs before these on their pages have made it.
      await server.tool('org.apache.kafka.tools.TopicCommand', ['--create', '--topic', 'orders']);
      const port = Number(server.bootstrap.split(':')[1]);
      let count = 0;
      for (const blocks of pages) count += await runBlocksOn(workspace, blocks, { name: NEW_KAFKA, port });
      assert.ok(count > 0, 'no page has such a program');
      return `${count} programs`;
    } finally {
      await server.stop('SIGKILL');
      workspace.remove();
    }
  },
};

/** What `npm test` cannot run of the documentation. */
export const documentationScenarios: readonly Scenario[] = [...RUNNERS.map(runnerScenario), newKafkaScenario];
