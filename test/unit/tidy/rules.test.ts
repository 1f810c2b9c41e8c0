import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blankOut } from '../../../tools/tidy/blank.ts';
import { checkDeadExports } from '../../../tools/tidy/dead-exports.ts';
import { formatFinding } from '../../../tools/tidy/finding.ts';
import { checkImports, mayImport } from '../../../tools/tidy/import-matrix.ts';
import { checkOutsideWorld, checkSleeps } from '../../../tools/tidy/outside-world.ts';
import {
  checkReachability,
  entryPointsOf,
  entryPointsOfLaunchers,
} from '../../../tools/tidy/reachability.ts';
import { parseSourceFile, type SourceFile } from '../../../tools/tidy/source-file.ts';
import { checkAlienText, checkCode, checkMachinePaths } from '../../../tools/tidy/text-rules.ts';

/** Source text that the checks must not take for code of this file. */
const lines = (...text: string[]): string => `${text.join('\n')}\n`;

function sources(texts: Readonly<Record<string, string>>): SourceFile[] {
  return Object.entries(texts).map(([path, text]) => parseSourceFile(path, text));
}

describe('blanking', () => {
  for (const [what, text, expected] of [
    ['comments', 'a // b\nc /* d\ne */ f', 'a     \nc     \n     f'],
    ['strings', `a 'b\\'c' "d" e`, `a '    ' " " e`],
    ['templates, but not the code in them', '`a$<b + `c$<d}` + {}.e}f` + g', '` $<b + ` $<d}` + {}.e} ` + g'],
    [
      'regular expressions',
      "x = /['/*]/g; y = a / b / c; return /'/",
      'x = /     /g; y = a / b / c; return / /',
    ],
  ] as const) {
    // `$<` stands for what begins code in a template.
    const restore = (fixture: string): string => fixture.replaceAll('$<', '${');
    it(`takes out ${what}`, () => assert.equal(blankOut(restore(text)), restore(expected)));
  }
});

describe('imports', () => {
  it('are found in all their forms, with their lines', () => {
    const file = parseSourceFile(
      'src/a.ts',
      lines(
        "import { a } from './a1.ts';",
        'import type {',
        '  B,',
        "} from './b.ts';",
        "import './c.ts';",
        "export * from './d.ts';",
        "export type { E } from './e.ts';",
        "const f = await import('./f.ts');",
        "type G = import('./g.ts').G;",
        "// import './no.ts';",
        'const text = "import \'./no.ts\'";',
      ),
    );
    const found = file.imports.map(({ specifier, line }) => `${specifier}:${line}`).sort();
    assert.deepEqual(found, [
      './a1.ts:1',
      './b.ts:4',
      './c.ts:5',
      './d.ts:6',
      './e.ts:7',
      './f.ts:8',
      './g.ts:9',
    ]);
  });

  for (const [from, to, allowed] of [
    ['wire/kafka/apis.ts', 'base/byte-reader.ts', true],
    ['wire/kafka/apis.ts', 'wire/kafka/schema/message.ts', true],
    ['wire/kafka/apis.ts', 'wire/zookeeper/protocol.ts', false],
    ['wire/kafka/apis.ts', 'env/disk.ts', true],
    ['wire/kafka/apis.ts', 'storage/replace-file.ts', false],
    ['storage/replace-file.ts', 'env/disk.ts', true],
    ['storage/replace-file.ts', 'env/node/node-disk.ts', false],
    ['env/log.ts', 'env/sim/simulation.ts', false],
    ['zookeeper/zab/leader.ts', 'zookeeper/pipeline/pipeline.ts', true],
    ['zookeeper/pipeline/pipeline.ts', 'zookeeper/zab/leader.ts', false],
    ['zookeeper/tree/data-tree.ts', 'zookeeper/server/server.ts', false],
    ['zookeeper/server/server.ts', 'zookeeper/zab/leader.ts', true],
    ['clients/index.ts', 'clients/zookeeper/zookeeper-client.ts', true],
    ['clients/zookeeper/zookeeper-client.ts', 'zookeeper/tree/data-tree.ts', false],
    ['kafka/log/unified-log.ts', 'kafka/replica/partition.ts', false],
    ['kafka/replica/partition.ts', 'kafka/log/unified-log.ts', true],
    ['kafka/zk/brokers.ts', 'clients/zookeeper/zookeeper-client.ts', true],
    ['kafka/controller/controller.ts', 'kafka/zk/brokers.ts', false],
    ['kafka/api/00-produce.ts', 'kafka/replica/partition.ts', true],
    ['kafka/api/00-produce.ts', 'kafka/server/broker.ts', false],
    ['kafka/server/broker.ts', 'kafka/api/table.ts', true],
    ['kafka/index.ts', 'kafka/server/broker.ts', true],
    ['embedded/start.ts', 'env/node/create-node-env.ts', true],
    ['embedded/start.ts', 'kafka/log/unified-log.ts', false],
    ['somewhere/new.ts', 'base/assert.ts', false],
  ] as const) {
    it(`of ${to} by ${from} are ${allowed ? 'allowed' : 'refused'}`, () => {
      assert.equal(mayImport(from, to), allowed);
    });
  }

  it('that break the matrix are reported by file and line', () => {
    const findings = checkImports(
      sources({
        'src/wire/kafka/a.ts': lines(
          "import { assert } from '../../base/assert.ts';",
          "import type { Disk } from '../../storage/disk.ts';",
          "import snappy from 'snappy';",
          "import { help } from '../../../test/support/help.ts';",
          "import left from 'left-pad';",
        ),
        'test/unit/a.test.ts': "import { x } from '../../src/kafka/server/broker.ts';\n",
      }),
    );
    assert.deepEqual(
      findings.map(({ path, line, problem }) => `${path}:${line} ${problem}`),
      [
        'src/wire/kafka/a.ts:2 may not import src/storage/disk.ts',
        'src/wire/kafka/a.ts:3 package snappy is not for this file',
        'src/wire/kafka/a.ts:4 may not import test/support/help.ts',
        'src/wire/kafka/a.ts:5 package left-pad is not for this file',
      ],
    );
  });
});

describe('the outside world', () => {
  const forbidden = [
    'const a = Date.now();',
    'const a = new Date();',
    'const a = new Date;',
    'const a = performance.now();',
    'connect({ signal: AbortSignal.timeout(5) });',
    "const fs = process.getBuiltinModule('node:fs');",
    'setTimeout(f, 1);',
    'globalThis.x = setImmediate;',
    'const a = Math.random();',
    "import { randomBytes } from 'node:crypto';",
    "import * as fs from 'node:fs';",
    "import type { Socket } from 'node:net';",
    "const fs = await import('node:fs/promises');",
    'const a = process.env.A;',
    'process.nextTick(f);',
    "await fetch('x');",
    "console.log('x');",
    "const fs = require('fs');",
  ];
  for (const text of forbidden) {
    it(`is not reached by: ${text}`, () => {
      assert.equal(checkOutsideWorld(sources({ 'src/kafka/a.ts': text })).length, 1);
      assert.deepEqual(checkOutsideWorld(sources({ 'src/env/node/a.ts': text })), []);
    });
  }
  for (const text of [
    'const at = new Date(nowMs).toISOString();',
    "import { createHash } from 'node:crypto';",
    "import { gzipSync } from 'node:zlib';",
    'timers.setTimeout(1); this.fetch(1); fetchOffset(1);',
    'const when = Date.UTC(2024, 0);',
    '// Date.now() is not for us',
  ]) {
    it(`is not suspected in: ${text}`, () => {
      assert.deepEqual(checkOutsideWorld(sources({ 'src/kafka/a.ts': text })), []);
    });
  }

  it('keeps real time out of tests that have a simulated one', () => {
    const text = 'await new Promise((resolve) => setTimeout(resolve, 100));';
    assert.equal(checkSleeps(sources({ 'test/unit/a.test.ts': text })).length, 1);
    assert.deepEqual(checkSleeps(sources({ 'test/integration/a.test.ts': text })), []);
  });
});

describe('reachability', () => {
  const files = sources({
    'src/clients/index.ts': "export { A } from './a.ts';\n",
    'src/clients/a.ts': "import type { B } from '../base/b.ts';\n",
    'src/base/b.ts': '',
    'src/base/tested-only.ts': '',
    'test/unit/a.test.ts': "import '../../src/base/tested-only.ts';\n",
  });

  it('begins at what package.json names', () => {
    const facts = { exports: { './clients': { types: './dist/types/clients/index.d.ts' } } };
    assert.deepEqual(entryPointsOf(facts), ['src/clients/index.ts']);
  });

  it('begins at what launchers start', () => {
    const launcher = '#!/usr/bin/env node\nimport("../dist/bundle/zk-server.js");\n';
    assert.deepEqual(entryPointsOfLaunchers([launcher, 'nothing']), ['src/cli/zk-server.ts']);
  });

  it('does not count tests', () => {
    const findings = checkReachability(files, ['src/clients/index.ts']);
    assert.deepEqual(
      findings.map((finding) => finding.path),
      ['src/base/tested-only.ts'],
    );
  });
});

describe('exports', () => {
  const files = sources({
    'src/a.ts': lines(
      'export const taken = 1;',
      'export interface Taken {}',
      'export function usedHere(): void {}',
      'export class Dead {}',
      'export type DeadToo = number;',
      'usedHere();',
    ),
    'src/whole.ts': 'export const anything = 1;\n',
    'src/dynamic.ts': 'export const anything = 1;\n',
    'test/a.test.ts': lines(
      "import { type Taken, taken as mine } from '../src/a.ts';",
      "import * as whole from '../src/whole.ts';",
      "await import('../src/dynamic.ts');",
      '// Dead',
    ),
  });

  it('that nothing uses are reported', () => {
    assert.deepEqual(checkDeadExports(files).map(formatFinding), [
      'src/a.ts:4: nothing uses Dead. Remove it',
      'src/a.ts:5: nothing uses DeadToo. Remove it',
    ]);
  });
});

describe('code rules', () => {
  for (const [text, count] of [
    ['let a: any = 1;', 1],
    ['const a = b as any;', 1],
    ['const a: Map<string, any[]> = b;', 1],
    ['let a: Map<string, any> | Promise<any>; let b: any[];', 3],
    ['await Promise.any(a); const any = 1; f({ any: 1 }, any); if (any && b) c = [any];', 0],
    ["const text = 'any'; // any", 0],
    ['const a = b!.c;', 1],
    ['const a = f()![0]!;', 2],
    ['if (a !== b || !c || a != b) return !d;', 0],
    ['class A { b!: string; }', 1],
    [`// @ts-${'ignore'}`, 1],
  ] as const) {
    it(`finds ${count} in: ${text}`, () => {
      assert.equal(checkCode(sources({ 'src/a.ts': text })).length, count);
    });
  }

  it('limits the length of files', () => {
    assert.deepEqual(checkCode(sources({ 'src/a.ts': 'a\n'.repeat(600) })), []);
    const [finding] = checkCode(sources({ 'src/a.ts': 'a\n'.repeat(601) }));
    assert.ok(finding);
    assert.equal(formatFinding(finding), 'src/a.ts:601: 601 lines long, more than 600. Split it by subject');
  });

  for (const text of [
    `written by ${'Clau'}de`,
    `an ${'LL'}M said so`,
    `AI-${'generated'}`,
    `copied from ../${'shared'}/golden`,
    `"${'resolved'}": "x"`,
    `https://${'registry'}.example.org/x`,
  ]) {
    it(`finds what no text of the project says: ${text}`, () => {
      assert.equal(checkAlienText('README.md', text).length, 1);
    });
  }

  it('takes no ordinary word for an alien one', () => {
    const text = 'ai, agents, shared/x, a resolved promise, src/shared, prompts, llama, registry of brokers';
    assert.deepEqual(checkAlienText('README.md', text), []);
  });

  it('finds paths of machines, not those that look alike', () => {
    const slash = '/';
    const text = lines(
      `a ${slash}work${slash}x`,
      `"${slash}home${slash}me"`,
      'src/work/x',
      'https://a.b/home/x',
    );
    assert.deepEqual(
      checkMachinePaths('a.md', text).map((finding) => finding.line),
      [1, 2],
    );
  });
});
