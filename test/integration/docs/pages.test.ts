import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describePages, userPages } from '../../support/docs/describe-pages.ts';
import { find } from '../../support/docs/page.ts';

/** All that is shown and not run. Every line here is a promise that nobody checks: keep it short. */
const NOT_RUN = [
  'README.md: installs and builds the repository',
  'README.md: runs all tests',
  'docs/OPERATIONS.md: in the walk-through, which test/integration/cli/three-hosts.test.ts runs',
  'docs/OPERATIONS.md: in the walk-through, which test/integration/cli/three-hosts.test.ts runs',
  'docs/OPERATIONS.md: writes to /tmp/zookeeper and /tmp/kafka-logs, as the samples say',
  'docs/quick-start.md: installs the package on the machine',
  'docs/quick-start.md: the package is there already',
];

it('the documentation says what is not run, and of nothing else', () => {
  const reasons = [...userPages].flatMap(([page, blocks]) =>
    blocks.flatMap((block) => find(block, 'not run') ?? []).map(({ reason }) => `${page}: ${reason}`),
  );
  assert.deepEqual(reasons.sort(), NOT_RUN.toSorted());
});

/** Every command and program that users find there does what is written. */
describePages('the documentation', (page) => !page.includes('tutorial'));
