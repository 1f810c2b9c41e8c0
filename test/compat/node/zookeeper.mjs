// node-zookeeper-client: every operation that it offers.
// usage: zookeeper.mjs CONNECT
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import zookeeper from 'node-zookeeper-client';
import { until } from './until.mjs';

const { CreateMode, ACL, Permission, Id, Event, Exception } = zookeeper;
const [connect] = process.argv.slice(2);
const root = `/node-${randomUUID().slice(0, 8)}`;
function session() {
  const client = zookeeper.createClient(connect, { sessionTimeout: 10000 });
  return new Promise((resolve) => {
    client.once('connected', () => resolve(client));
    client.connect();
  });
}
/** Calls a method that takes a callback; resolves to its first result (or all of them). */
function call(client, method, ...args) {
  return new Promise((resolve, reject) => {
    client[method](...args, (error, ...results) =>
      error ? reject(error) : resolve(results.length > 1 ? results : results[0]),
    );
  });
}
const named = (name) => (error) => error.name === name;

const zk = await session();
assert.equal(await call(zk, 'create', root, Buffer.from('root')), root);
await assert.rejects(call(zk, 'create', root), named('NODE_EXISTS'));
await call(zk, 'mkdirp', `${root}/a/b/c`);
const first = await call(zk, 'create', `${root}/seq-`, CreateMode.PERSISTENT_SEQUENTIAL);
const second = await call(zk, 'create', `${root}/seq-`, CreateMode.PERSISTENT_SEQUENTIAL);
assert.equal(Number(second.slice(-10)), Number(first.slice(-10)) + 1);
const [data, stat] = await call(zk, 'getData', root);
assert.equal(String(data), 'root');
assert.equal(stat.version, 0);
assert.equal((await call(zk, 'setData', root, Buffer.from('two'), 0)).version, 1);
await assert.rejects(call(zk, 'setData', root, Buffer.from('x'), 0), named('BAD_VERSION'));
const [children] = await call(zk, 'getChildren', root);
assert.equal(children.length, 3);
assert.equal(await call(zk, 'exists', `${root}/none`), null);
await assert.rejects(call(zk, 'remove', `${root}/a`), named('NOT_EMPTY'));

const other = await session();
await call(other, 'create', `${root}/eph`, CreateMode.EPHEMERAL);
let deleted = false;
await call(zk, 'exists', `${root}/eph`, (event) => {
  deleted = event.getType() === Event.NODE_DELETED;
});
other.close();
await until('the ephemeral node is gone', 20, () => deleted);

// one-shot watches of each kind
const events = [];
const watch = (event) => events.push(`${event.getName()} ${event.getPath()}`);
const fired = (event) => until(event, 10, () => events.includes(event));
await call(zk, 'exists', `${root}/later`, watch);
await call(zk, 'getChildren', root, watch);
await call(zk, 'create', `${root}/later`);
await fired(`NODE_CREATED ${root}/later`);
await fired(`NODE_CHILDREN_CHANGED ${root}`);
await call(zk, 'getData', `${root}/later`, watch);
await call(zk, 'setData', `${root}/later`, Buffer.from('x'));
await call(zk, 'setData', `${root}/later`, Buffer.from('y'));
await fired(`NODE_DATA_CHANGED ${root}/later`);
assert.equal(events.length, 3, `${events}`);

// the session, its ephemeral nodes and its watches outlive a broken connection
const own = await call(zk, 'create', `${root}/own-`, CreateMode.EPHEMERAL_SEQUENTIAL);
const sessionId = zk.getSessionId().toString('hex');
await call(zk, 'getData', `${root}/later`, watch);
const lost = new Promise((resolve) => zk.once('disconnected', resolve));
const again = new Promise((resolve) => zk.once('connected', resolve));
zk.connectionManager.socket.destroy();
await lost;
await again;
assert.equal(zk.getSessionId().toString('hex'), sessionId);
assert.notEqual(await call(zk, 'exists', own), null);
await call(zk, 'remove', `${root}/later`);
await fired(`NODE_DELETED ${root}/later`);

for (const name of ['one', 'two']) await call(zk, 'mkdirp', `${root}/tree/${name}`);
assert.deepEqual((await call(zk, 'listSubTreeBFS', `${root}/tree`)).sort(), [
  `${root}/tree`,
  `${root}/tree/one`,
  `${root}/tree/two`,
]);
await call(zk, 'removeRecursive', `${root}/tree`);
assert.equal(await call(zk, 'exists', `${root}/tree`), null);

const done = await new Promise((resolve, reject) => {
  zk.transaction()
    .create(`${root}/t`, Buffer.from('t'))
    .check(`${root}/t`, 0)
    .setData(`${root}/t`, Buffer.from('u'))
    .remove(`${root}/t`)
    .commit((error, results) => (error ? reject(error) : resolve(results)));
});
assert.equal(done.length, 4);
await assert.rejects(
  new Promise((resolve, reject) => {
    zk.transaction()
      .create(`${root}/rolled-back`)
      .check(root, 99)
      .commit((error, results) => (error ? reject(error) : resolve(results)));
  }),
  named('BAD_VERSION'),
);
assert.equal(await call(zk, 'exists', `${root}/rolled-back`), null);

zk.addAuthInfo('digest', Buffer.from('kim:secret'));
await call(zk, 'create', `${root}/private`, Buffer.from('p'), ACL.CREATOR_ALL_ACL);
const stranger = await session();
await assert.rejects(call(stranger, 'getData', `${root}/private`), named('NO_AUTH'));
await call(zk, 'setACL', `${root}/private`, [
  new ACL(Permission.READ, new Id('world', 'anyone')),
  ...ACL.CREATOR_ALL_ACL,
]);
assert.equal(String((await call(stranger, 'getData', `${root}/private`))[0]), 'p');
assert.equal((await call(zk, 'getACL', `${root}/private`))[0].length, 2);
stranger.close();
const paths = [
  own.slice(root.length),
  '/private',
  '/a/b/c',
  '/a/b',
  '/a',
  first.slice(root.length),
  second.slice(root.length),
  '',
];
for (const path of paths) await call(zk, 'remove', root + path);
await assert.rejects(call(zk, 'getData', root), (error) => error.getCode() === Exception.NO_NODE);
zk.close();
console.log('nodes, sequences, ephemerals, watches, transactions, ACLs, re-attachment');
