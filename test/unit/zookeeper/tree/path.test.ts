import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parentPath, pathProblem } from '../../../../src/zookeeper/tree/path.ts';

describe('paths of nodes', () => {
  it('are good or bad as PathUtils.validatePath has it', () => {
    const good = [
      '/',
      '/a',
      '/a/b',
      '/...',
      '/..a',
      '/a..',
      '/.a',
      '/a.',
      '/a b',
      '/\ud7ff',
      '/\ufdef',
      '/zookeeper/x',
    ];
    const bad = [
      '',
      'a',
      'a/b',
      '/a/',
      '//',
      '//a',
      '/a//b',
      '/.',
      '/..',
      '/a/.',
      '/a/..',
      '/./a',
      '/a/../b',
    ];
    const badUnits = ['\0', '\u0001', '\u001f', '\u007f', '\u009f', '\ud800', '\uf8ff', '\ufff0', '\uffff'];
    for (const path of good) assert.equal(pathProblem(path), undefined, JSON.stringify(path));
    for (const path of bad) assert.notEqual(pathProblem(path), undefined, JSON.stringify(path));
    for (const unit of badUnits) assert.notEqual(pathProblem(`/a${unit}b`), undefined, JSON.stringify(unit));
  });

  it('have parents up to the root', () => {
    assert.deepEqual(['/a/b', '/a', 'x', '//x'].map(parentPath), ['/a', '/', undefined, '/']);
  });
});
