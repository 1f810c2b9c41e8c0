import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeFailure } from '../../../src/cli/failure.ts';
import { readEnvironment, splitFlags, systemProperties } from '../../../src/cli/java-flags.ts';
import { MemoryDisk } from '../../../src/env/memory/memory-disk.ts';

const clock = { nowMs: () => 0, monotonicMs: () => 0 };

function environmentOf(lines: string, own: Record<string, string> = {}) {
  const disk = new MemoryDisk(clock);
  disk.makeDirectory('/conf');
  const file = disk.open('/conf/java.env', 'create');
  file.write([Buffer.from(lines)], 0);
  file.close();
  const warnings: string[] = [];
  const environment = readEnvironment(disk, '/conf', own, (text) => warnings.push(text));
  return { environment, warnings };
}

describe('java.env', () => {
  const table: [line: string, value: string][] = [
    ['FLAGS=-Xmx1g', '-Xmx1g'],
    ['export FLAGS="-Xmx1g -Da=b"', '-Xmx1g -Da=b'],
    ["FLAGS='-Da=$HOME'", '-Da=$HOME'],
    ['FLAGS="$BEFORE -Da=b"', '-Dbefore -Da=b'],
    [`FLAGS="$${'{BEFORE}'} $${'{NONE:-x}'}"`, '-Dbefore x'],
    ['  FLAGS="a b"\' c\'d   # a comment', 'a b cd'],
    ['FLAGS="say \\"no\\""', 'say "no"'],
    ['FLAGS=', ''],
  ];
  for (const [line, value] of table) {
    it(line, () => {
      const { environment, warnings } = environmentOf(`# flags\n\n${line}\nexport FLAGS\n`, {
        BEFORE: '-Dbefore',
      });
      assert.equal(environment['FLAGS'], value);
      assert.deepEqual(warnings, []);
    });
  }

  for (const line of ['FLAGS=$(date)', 'if [ -f x ]; then', 'FLAGS=`date`', '. other.sh']) {
    it(`warns of ${line}`, () => {
      const { environment, warnings } = environmentOf(line);
      assert.equal(environment['FLAGS'], undefined);
      assert.deepEqual(warnings, [`/conf/java.env, line 1 is no plain NAME=value and is ignored: ${line}`]);
    });
  }

  it('gives the last of the -D flags of a name, without those of the virtual machine', () => {
    const flags = splitFlags(' -Xmx1g -Dzookeeper.a=1  -Db -Dzookeeper.a=2=3 ');
    assert.deepEqual(
      [...systemProperties(flags)],
      [
        ['zookeeper.a', '2=3'],
        ['b', ''],
      ],
    );
  });
});

describe('a failure', () => {
  const system = (code: string) => Object.assign(new Error(`${code}: no, open '/x'`), { code });
  for (const [code, remedy] of [
    ['EACCES', /^EACCES: no, open '\/x': give this user the right, or name another place$/],
    ['ENOSPC', /the disk is full: free some space, or name another place$/],
    ['EROFS', /the file system is read-only: name another place$/],
  ] as const) {
    it(`of the system (${code}) is one line with the remedy`, () => {
      assert.match(describeFailure(system(code)), remedy);
    });
  }

  it('that is a bug keeps its stack', () => {
    assert.match(describeFailure(new TypeError('x is not a function')), /\n\s+at /);
  });
});
