// Builds, lints and runs the tests, with a summary at the end.
//
//   node tools/test.mjs [WORD...]     everything, or the test files whose path has one of the words in it
//
// Plain JavaScript: it runs before there is anything compiled.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative, sep } from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const GROUPS = ['unit', 'golden', 'fuzz', 'scenario', 'sim', 'integration'];
const FILE_TIMEOUT_MS = 5 * 60_000;

function step(name, script, ...args) {
  const startedMs = performance.now();
  const result = spawnSync(process.execPath, [join(ROOT, script), ...args], { cwd: ROOT, stdio: 'inherit' });
  if (result.status !== 0) {
    console.error(`\n${name} failed`);
    process.exit(1);
  }
  console.log(`${name.padEnd(12)} ok  ${seconds(performance.now() - startedMs)}`);
}

function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** Compiled test files of a group, by their sources: what a removed source left in dist does not run. */
function testFiles(group) {
  const folder = join(ROOT, 'test', group);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(ROOT, 'dist', 'test', group, name.replace(/\.ts$/, '.js')))
    .sort();
}

/** Runs files, each in a process of its own, and tells what came of it. */
async function runFiles(files) {
  const result = { passed: 0, skipped: 0, failures: [] };
  const stream = run({ files, concurrency: Math.max(2, availableParallelism()), timeout: FILE_TIMEOUT_MS });
  stream.on('test:pass', (event) => {
    if (event.details.type === 'suite') return;
    // A file without tests counts as a test of its own name.
    if (event.name === event.file) return;
    if (event.skip !== undefined) result.skipped += 1;
    else result.passed += 1;
  });
  stream.on('test:fail', (event) => {
    // A parent fails with its children, which are reported themselves.
    const { error } = event.details;
    if (error?.failureType === 'subtestsFailed') return;
    if (event.todo !== undefined) return;
    result.failures.push({ file: event.file ?? '', name: event.name, error });
  });
  stream.on('test:diagnostic', (event) => {
    // A rejection that nobody handles fails no test when it comes after the test's end: it is a bug all the same.
    if (!event.message.includes('generated asynchronous activity after the test ended')) return;
    result.failures.push({ file: event.file ?? '', name: 'after the end of a test', error: event.message });
  });
  stream.on('test:stderr', (event) => process.stderr.write(event.message));
  stream.resume();
  await new Promise((resolve) => stream.on('end', resolve));
  return result;
}

function describe(failure) {
  const cause = failure.error?.cause ?? failure.error;
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  return `\n✖ ${failure.name}\n  ${relative(ROOT, failure.file)}\n${text.replace(/^/gm, '    ')}`;
}

async function main(words) {
  step('build', 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.json');
  step('bundle', 'tools/bundle.mjs');
  if (words.length === 0) step('biome', 'node_modules/@biomejs/biome/bin/biome', 'check', '.');

  const total = { passed: 0, skipped: 0, failures: [] };
  const startedMs = performance.now();
  for (const group of GROUPS) {
    const files = testFiles(group).filter(
      (file) =>
        words.length === 0 || words.some((word) => relative(ROOT, file).split(sep).join('/').includes(word)),
    );
    if (files.length === 0) continue;
    const groupStartedMs = performance.now();
    const { passed, skipped, failures } = await runFiles(files);
    total.passed += passed;
    total.skipped += skipped;
    total.failures.push(...failures);
    const verdict = failures.length === 0 ? 'ok ' : 'BAD';
    const took = seconds(performance.now() - groupStartedMs);
    console.log(`${group.padEnd(12)} ${verdict} ${passed} passed, ${failures.length} failed  ${took}`);
  }
  for (const failure of total.failures) console.error(describe(failure));
  const { passed, skipped, failures } = total;
  const took = seconds(performance.now() - startedMs);
  console.log(`\n${passed} passed, ${failures.length} failed, ${skipped} skipped in ${took}`);
  if (passed === 0) console.error('no test ran');
  process.exitCode = failures.length === 0 && passed > 0 ? 0 : 1;
}

await main(process.argv.slice(2));
