import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { SOFTWARE_VERSION } from '../../../../src/clients/kafka/network/api-versions.ts';

it('brokers are told the version of this package', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../../../../package.json', import.meta.url), 'utf8'));
  assert.equal(SOFTWARE_VERSION, (manifest as { version: string }).version);
});
