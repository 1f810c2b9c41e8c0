import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import {
  ENSEMBLE_KEYS,
  SETTINGS,
  UNSUPPORTED_GUARDS,
  WITHOUT_EFFECT,
  WITHOUT_EFFECT_PREFIXES,
} from '../../../../src/zookeeper/server/config-keys.ts';

const page = readFileSync(new URL('../../../../../docs/zookeeper-config.md', import.meta.url), 'utf8');

/** The keys of a section's list, as the page has them. */
function listed(heading: string): string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`));
  assert.ok(section, `no section ${heading}`);
  return [...section.matchAll(/^- `([^`]+)`/gm)].map(([, key]) => key ?? '');
}

describe('docs/zookeeper-config.md', () => {
  for (const [heading, keys] of [
    ['Keys with effect', SETTINGS.map(({ name }) => name)],
    ['Keys of ensembles', [...ENSEMBLE_KEYS.keys()]],
    ['Keys that are refused', [...UNSUPPORTED_GUARDS.keys()]],
    ['Keys without effect', [...WITHOUT_EFFECT, ...WITHOUT_EFFECT_PREFIXES.map((prefix) => `${prefix}*`)]],
  ] as const) {
    it(`lists under "${heading}" what the server knows, in the order of names`, () => {
      assert.deepEqual(listed(heading), [...keys].sort());
    });
  }
});
