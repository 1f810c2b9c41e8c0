import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const LINK = /\]\(([^)\s]+)\)/g;

/** A page without its blocks and inline code, in which brackets mean something else. */
function prose(path: string): string {
  const text = readFileSync(join(ROOT, path), 'utf8');
  return text
    .replaceAll(/^ *```.*?^ *```$/gms, '')
    .replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()]/g, ''));
}

/** The anchors that GitHub makes of headings. */
function anchors(path: string): Set<string> {
  const headings = [...prose(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

describe('links of the documentation', () => {
  const docs = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  for (const page of ['README.md', ...docs.map((name) => `docs/${name}`)]) {
    it(`${page} links to what is there`, () => {
      for (const [, link = ''] of prose(page).matchAll(LINK)) {
        if (/^[a-z]+:/.test(link)) continue;
        const [file = '', anchor] = link.split('#');
        const target = file === '' ? page : join(dirname(page), file);
        assert.ok(existsSync(join(ROOT, target)), `${link}: there is no ${target}`);
        if (anchor !== undefined) assert.ok(anchors(target).has(anchor), `${link}: no such heading`);
      }
    });
  }
});
