import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WatchMode, WatchTable } from '../../../../src/zookeeper/watch/watch-table.ts';

interface Named {
  name: string;
}

function told(table: WatchTable<Named>, path: string): string[] {
  return [...(table.trigger(path) ?? [])].map(({ name }) => name);
}

describe('WatchTable', () => {
  const a: Named = { name: 'a' };
  const b: Named = { name: 'b' };

  it('uses a standard watch up with the first event and keeps the persistent ones', () => {
    const table = new WatchTable<Named>();
    table.add('/n', a, WatchMode.standard);
    table.add('/n', a, WatchMode.persistent);
    table.add('/n', b, WatchMode.standard);
    assert.deepEqual(told(table, '/n'), ['a', 'b']);
    assert.equal(table.has('/n', a, WatchMode.standard), false);
    assert.deepEqual(told(table, '/n'), ['a']);
    assert.deepEqual(told(table, '/n/child'), []);
  });

  it('tells recursive watchers of everything below, each once, and of nothing beside', () => {
    const table = new WatchTable<Named>();
    table.add('/n', a, WatchMode.persistentRecursive);
    table.add('/n/m', a, WatchMode.persistentRecursive);
    table.add('/', b, WatchMode.persistentRecursive);
    assert.deepEqual(told(table, '/n/m/k'), ['a', 'b']);
    assert.deepEqual(told(table, '/n'), ['a', 'b']);
    assert.deepEqual(told(table, '/nm'), ['b']);
    assert.deepEqual(told(table, '/'), ['b']);
  });

  it('takes one mode away, or all of a path, or all of a watcher', () => {
    const table = new WatchTable<Named>();
    table.add('/n', a, WatchMode.standard);
    table.add('/n', a, WatchMode.persistentRecursive);
    assert.equal(table.remove('/n', a, WatchMode.persistent), false);
    assert.equal(table.remove('/n', a, WatchMode.persistentRecursive), true);
    assert.deepEqual(told(table, '/n/child'), []);
    assert.equal(table.has('/n', a), true);
    assert.equal(table.remove('/n', a), true);
    assert.equal(table.remove('/n', a), false);
    table.add('/x', a, WatchMode.persistent);
    table.add('/y', a, WatchMode.persistentRecursive);
    table.removeWatcher(a);
    assert.deepEqual([table.size, table.pathCount, table.watcherCount], [0, 0, 0]);
    assert.deepEqual(told(table, '/y/z'), []);
  });

  it('leaves nothing behind when all watches have fired', () => {
    const table = new WatchTable<Named>();
    for (let i = 0; i < 100; i++) table.add(`/n${i}`, a, WatchMode.standard);
    for (let i = 0; i < 100; i++) assert.deepEqual(told(table, `/n${i}`), ['a']);
    assert.deepEqual([table.size, table.pathCount, table.watcherCount], [0, 0, 0]);
  });
});
