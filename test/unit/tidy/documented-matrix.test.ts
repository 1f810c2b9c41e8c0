import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { it } from 'node:test';
import { MATRIX } from '../../../tools/tidy/import-matrix.ts';

const root = new URL('../../../../', import.meta.url);

it('docs/ARCHITECTURE.md has the import matrix that is checked', () => {
  const page = readFileSync(new URL('docs/ARCHITECTURE.md', root), 'utf8');
  const section = page.split(/^## /m).find((text) => text.startsWith('Who may import whom'));
  const rows = [...(section ?? '').matchAll(/^\| `.*$/gm)].map(([row]) => row);
  const expected = Object.entries(MATRIX).map(([folder, allowed]) => {
    const entries = allowed.map((entry) =>
      entry.startsWith('!') ? `not \`${entry.slice(1)}\`` : `\`${entry}\``,
    );
    return `| \`${folder}\` | ${entries.join(', ') || '-'} |`;
  });
  assert.deepEqual(rows, expected);
});

it('every row of the import matrix is about a folder or a file that is there', () => {
  const missing = Object.keys(MATRIX).filter((folder) => !existsSync(new URL(`src/${folder}`, root)));
  assert.deepEqual(missing, []);
});
