/** `npm run golden -- DIR`: checks this implementation against a directory of golden data. */
import { statSync } from 'node:fs';
import { checkFile, type GoldenResult } from '../../test/golden-checks/check.ts';
import { goldenChecks } from '../../test/golden-checks/index.ts';
import { GOLDEN_ROOT, GoldenDirectory } from '../../test/golden-checks/tree.ts';

/** Failures shown per file; the rest is only counted. */
const SHOWN_FAILURES = 10;

process.exitCode = await main(process.argv[2] ?? GOLDEN_ROOT);

async function main(root: string): Promise<number> {
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory()) {
    console.error(`${root} is not a directory: give one with the layout of test/golden (kafka/, zookeeper/)`);
    return 2;
  }
  const unchecked: string[] = [];
  let passed = 0;
  let failed = 0;
  const directory = new GoldenDirectory(root);
  for (const path of directory.paths()) {
    const result = await checkFile(directory.file(path), goldenChecks);
    if (result === undefined) {
      unchecked.push(path);
      continue;
    }
    passed += result.passed;
    failed += result.failures.length;
    printResult(result);
  }
  for (const path of unchecked) {
    // An archive, say, that a check of the file beside it has opened.
    const remark = directory.filesRead.has(path) ? 'read with its neighbours' : 'no check';
    console.log(`${'-'.padStart(7)} ${'-'.padStart(7)}  ${path} (${remark})`);
  }
  console.log(`${passed} passed, ${failed} failed`);
  if (passed + failed === 0) {
    console.error(`${root} holds no file that a check knows: its layout must be that of test/golden`);
    return 2;
  }
  return failed === 0 ? 0 : 1;
}

function printResult({ path, passed, failures }: GoldenResult): void {
  console.log(`${String(passed).padStart(7)} ${String(failures.length).padStart(7)}  ${path}`);
  for (const { label, error } of failures.slice(0, SHOWN_FAILURES)) {
    const message = error instanceof Error ? error.message : String(error);
    console.log(`                 ${label}: ${message.split('\n').join('\n                   ')}`);
  }
  if (failures.length > SHOWN_FAILURES)
    console.log(`                 and ${failures.length - SHOWN_FAILURES} more`);
}
