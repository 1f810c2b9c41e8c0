import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConnectString } from '../../../../src/clients/zookeeper/connect-string.ts';
import { Fifo } from '../../../../src/clients/zookeeper/fifo.ts';
import { FrameReader } from '../../../../src/clients/zookeeper/frame-reader.ts';
import { Chroot } from '../../../../src/clients/zookeeper/path.ts';
import { Watches } from '../../../../src/clients/zookeeper/watches.ts';
import { isZooKeeperError, ZooKeeperError } from '../../../../src/clients/zookeeper/zookeeper-error.ts';

describe('connect string', () => {
  for (const [text, servers, chroot] of [
    ['a:1', ['a:1'], ''],
    ['a', ['a:2181'], ''],
    ['a:1,b:2, c', ['a:1', 'b:2', 'c:2181'], ''],
    ['a:1,b:2/base', ['a:1', 'b:2'], '/base'],
    ['a/base/kafka', ['a:2181'], '/base/kafka'],
    ['a:1/', ['a:1'], ''],
    ['[::1]:5,[fe80::1%eth0]', ['::1:5', 'fe80::1%eth0:2181'], ''],
    ['127.0.0.1:2181,', ['127.0.0.1:2181'], ''],
  ] as const) {
    it(`'${text}' is understood`, () => {
      const parsed = parseConnectString(text);
      assert.deepEqual(
        parsed.servers.map(({ host, port }) => `${host}:${port}`),
        servers,
      );
      assert.equal(parsed.chroot, chroot);
    });
  }

  for (const text of [
    '',
    ',',
    '/base',
    'a:',
    'a:0',
    'a:65536',
    'a:b',
    'a:1:2',
    '::1',
    'a b',
    'a:1/x/',
    'a:1/x//y',
  ]) {
    it(`'${text}' is refused`, () => {
      assert.throws(() => parseConnectString(text), { name: 'ConnectStringError' });
    });
  }
});

describe('frames', () => {
  const frame = (text: string): Buffer => {
    const bytes = Buffer.alloc(4 + text.length);
    bytes.writeInt32BE(text.length, 0);
    bytes.write(text, 4);
    return bytes;
  };

  it('are cut wherever the stream was', () => {
    const stream = Buffer.concat(['one', '', 'a longer one', 'x'].map(frame));
    for (let step = 1; step <= stream.length; step += 1) {
      const reader = new FrameReader(100);
      const frames: string[] = [];
      for (let at = 0; at < stream.length; at += step) {
        for (const each of reader.push(stream.subarray(at, at + step))) frames.push(each.toString());
      }
      assert.deepEqual(frames, ['one', '', 'a longer one', 'x'], `in pieces of ${step}`);
    }
  });

  it('of absurd length are refused before their bytes are there', () => {
    assert.throws(() => new FrameReader(100).push(Buffer.from([0, 0, 0, 101])), { name: 'MalformedError' });
    assert.throws(() => new FrameReader(100).push(Buffer.from([255, 255, 255, 255])), {
      name: 'MalformedError',
    });
  });
});

describe('fifo', () => {
  it('keeps order through many values', () => {
    const fifo = new Fifo<number>();
    let [pushed, shifted] = [0, 0];
    for (let round = 0; round < 300; round += 1) {
      for (let i = 0; i < 20; i += 1) fifo.push(pushed++);
      assert.equal(fifo.peek(), shifted);
      for (let i = 0; i < 15; i += 1) assert.equal(fifo.shift(), shifted++);
      assert.equal(fifo.length, pushed - shifted);
    }
    assert.deepEqual(
      fifo.drain(),
      Array.from({ length: pushed - shifted }, (_, index) => shifted + index),
    );
    assert.equal(fifo.shift(), undefined);
    assert.equal(fifo.length, 0);
  });
});

describe('chroot', () => {
  it('is put before paths and taken off again', () => {
    const chroot = new Chroot('/base');
    assert.equal(chroot.toServer('/'), '/base');
    assert.equal(chroot.toServer('/a/b'), '/base/a/b');
    assert.equal(chroot.toClient('/base'), '/');
    assert.equal(chroot.toClient('/base/a'), '/a');
    assert.equal(chroot.toClient('/basement'), '/basement');
    assert.equal(new Chroot('').toServer('/'), '/');
    assert.throws(() => new Chroot('/a/../b'), { code: 'BADARGUMENTS' });
  });
});

describe('watch tables', () => {
  it('are sent again in several requests when there are many', () => {
    const watches = new Watches();
    const watch = (): void => undefined;
    for (let index = 0; index < 5000; index += 1)
      watches.add('data', `/a-rather-long-path-of-a-node/${index}`, watch);
    watches.add('recursive', '/r', watch);
    const requests = [...watches.resetRequests(77, (path) => `/base${path}`)];
    assert.ok(requests.length > 1);
    assert.ok(requests.every((request) => request.relativeZxid === 77));
    const paths = requests.flatMap((request) => request.dataWatches);
    assert.equal(new Set(paths).size, 5000);
    assert.ok(paths.every((path) => path.startsWith('/base/a-rather')));
    assert.deepEqual(requests.at(-1)?.persistentRecursiveWatches, ['/base/r']);
    assert.deepEqual([...new Watches().resetRequests(1, String)], []);
  });

  it('call each callback once for an event', () => {
    const watches = new Watches();
    const [a, b] = [(): void => undefined, (): void => undefined];
    watches.add('data', '/x', a);
    watches.add('child', '/x', a);
    watches.add('recursive', '/', a);
    watches.add('persistent', '/x', b);
    assert.deepEqual([...watches.fire({ type: 'nodeDeleted', path: '/x' })], [a, b]);
    assert.deepEqual([...watches.fire({ type: 'nodeDataChanged', path: '/x' })], [b, a]);
    assert.deepEqual([...watches.fire({ type: 'nodeChildrenChanged', path: '/x' })], [b]);
    assert.deepEqual(watches.clear(), [
      ['/x', b],
      ['/', a],
    ]);
  });
});

describe('ZooKeeper error', () => {
  it('has name, number and path, also for numbers that are new', () => {
    const error = ZooKeeperError.of(-101, '/a');
    assert.equal(error.message, 'NONODE: the node does not exist (/a)');
    assert.ok(isZooKeeperError(error, 'NONODE'));
    assert.ok(!isZooKeeperError(new Error('NONODE'), 'NONODE'));
    assert.equal(ZooKeeperError.of(-999, '').message, 'SYSTEMERROR: unknown error -999 from the server');
  });
});
