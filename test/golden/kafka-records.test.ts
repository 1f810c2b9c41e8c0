import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { checkBatches, checkDownConvert, checkInvalid, primitiveChecks } from './kafka-records.ts';

const directory = new URL('../../../test/golden/kafka/records/', import.meta.url);

function lines<T>(name: string): (T & { name: string })[] {
  const bytes = readFileSync(new URL(name, directory));
  const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

function checkFile<T>(name: string, check: (line: T) => void): void {
  test(`golden ${name}`, async (t) => {
    const all = lines<T>(name);
    assert.ok(all.length > 20);
    for (const line of all) await t.test(line.name, () => check(line));
  });
}

checkFile('batches.jsonl.gz', checkBatches);
checkFile('downconvert.jsonl.gz', checkDownConvert);
checkFile('invalid.jsonl', checkInvalid);

test('golden primitives.json', async (t) => {
  const primitives = JSON.parse(readFileSync(new URL('primitives.json', directory), 'utf8'));
  assert.deepEqual(Object.keys(primitives).sort(), Object.keys(primitiveChecks).sort());
  for (const [name, check] of Object.entries(primitiveChecks)) {
    await t.test(name, () => {
      assert.ok(primitives[name].length > 0);
      for (const entry of primitives[name]) (check as (entry: unknown) => void)(entry);
    });
  }
});
