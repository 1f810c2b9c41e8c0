import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { checkFile } from '../golden-checks/check.ts';
import { goldenChecks } from '../golden-checks/index.ts';
import { GOLDEN_ROOT, GoldenDirectory } from '../golden-checks/tree.ts';

const directory = new GoldenDirectory(GOLDEN_ROOT);

describe('golden data', () => {
  for (const path of directory.paths()) {
    if (!goldenChecks.some((check) => check.matches(path))) continue;
    test(path, async () => {
      const result = await checkFile(directory.file(path), goldenChecks);
      assert(result !== undefined && result.passed > 0, 'the file holds nothing to check');
      const shown = result.failures.slice(0, 5).map(({ label, error }) => `${label}: ${String(error)}`);
      assert.equal(result.failures.length, 0, shown.join('\n'));
    });
  }

  test('every check has a file', () => {
    const paths = directory.paths();
    for (const check of goldenChecks) assert(paths.some(check.matches), `no file for ${check.name}`);
  });
});
