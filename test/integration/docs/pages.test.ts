import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { Workspace } from '../../../tools/workspace.ts';
import { find } from '../../support/docs/page.ts';
import { readPages, runPage } from '../../support/docs/run-page.ts';
import { compileSnippets, installPackage } from '../../support/docs/snippets.ts';

/** Pages for those who work on the project, and one whose walk-through has a test of its own (three-hosts). */
const NOT_FOR_USERS = ['docs/ARCHITECTURE.md', 'docs/HACKING.md', 'docs/OPERATIONS.md', 'docs/kafka-wire.md'];

/** Pages that start the servers which their programs talk to; for the others there is one of each. */
const WITH_SERVERS_OF_THEIR_OWN = [
  'README.md',
  'docs/quick-start.md',
  'docs/tutorial-cluster.md',
  'docs/tutorial-zookeeper.md',
];

/** All that is shown and not run. Every line here is a promise that nobody checks: keep it short. */
const NOT_RUN = [
  'README.md: installs and builds the repository',
  'README.md: runs all tests',
  'docs/quick-start.md: installs the package on the machine',
  'docs/quick-start.md: the package is there already',
];

/** Every command and program that users find in the documentation does what is written there. */
describe('the documentation', {
  timeout: 240_000,
  // Stop scripts find all servers of a machine; only with /proc can they be kept to those of a page.
  skip: existsSync('/proc/self/environ') ? false : 'needs /proc',
  concurrency: 2,
}, () => {
  const pages = [...readPages()].filter(([page]) => !NOT_FOR_USERS.includes(page));
  const workspace = new Workspace('docs');
  let complaints = new Map<string, string>();

  before(() => {
    installPackage(workspace);
    complaints = compileSnippets(
      workspace,
      pages.flatMap(([, blocks]) => blocks),
    );
  });
  after(() => workspace.remove());

  it('says what is not run, and of nothing else', () => {
    const reasons = pages.flatMap(([page, blocks]) =>
      blocks.flatMap((block) => find(block, 'not run') ?? []).map(({ reason }) => `${page}: ${reason}`),
    );
    assert.deepEqual(reasons.sort(), NOT_RUN.toSorted());
  });

  for (const [page, blocks] of pages) {
    it(page, async () => {
      assert.equal(complaints.get(page) ?? '', '', 'programs do not compile');
      await runPage(workspace, blocks, !WITH_SERVERS_OF_THEIR_OWN.includes(page));
    });
  }
});
