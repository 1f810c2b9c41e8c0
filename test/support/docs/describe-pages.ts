import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { Workspace } from '../../../tools/workspace.ts';
import { readPages, runPage } from './run-page.ts';
import { compileSnippets, installPackage } from './snippets.ts';

/** Pages for those who work on the project. */
const NOT_FOR_USERS = ['docs/ARCHITECTURE.md', 'docs/HACKING.md', 'docs/kafka-wire.md'];

/** Pages that start the servers which their programs talk to; for the others there is one of each. */
const WITH_SERVERS_OF_THEIR_OWN = [
  'README.md',
  'docs/quick-start.md',
  'docs/tutorial-cluster.md',
  'docs/tutorial-zookeeper.md',
];

export const userPages = new Map([...readPages()].filter(([page]) => !NOT_FOR_USERS.includes(page)));

/** Tests that run those pages of the documentation for users, each in a directory of its own. */
export function describePages(what: string, isMeant: (page: string) => boolean): void {
  const pages = [...userPages].filter(([page]) => isMeant(page));
  // Stop scripts find all servers of a machine; only with /proc can they be kept to those of a page.
  const skip = existsSync('/proc/self/environ') ? false : 'needs /proc';
  describe(what, { timeout: 280_000, skip, concurrency: 2 }, () => {
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

    for (const [page, blocks] of pages) {
      it(page, async () => {
        assert.equal(complaints.get(page) ?? '', '', 'programs do not compile');
        await runPage(workspace, blocks, !WITH_SERVERS_OF_THEIR_OWN.includes(page));
      });
    }
  });
}
