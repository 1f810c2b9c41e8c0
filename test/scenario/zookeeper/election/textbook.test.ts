import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configOf, ElectionNet, type PeerState } from '../../../support/election-net.ts';

const MINUTE_MS = 60_000;

/** Servers of an ensemble, all started at once. */
function started(states: Readonly<Record<number, PeerState>>): ElectionNet {
  const ids = Object.keys(states).map(Number);
  const net = new ElectionNet(configOf(ids));
  for (const id of ids) net.add(id, states[id]);
  net.start(...ids);
  net.time.advance(1000);
  return net;
}

describe('the textbook election', () => {
  it('five servers started one by one elect server 3, and later starters follow', () => {
    const net = new ElectionNet(configOf([1, 2, 3, 4, 5]));
    net.start(1);
    net.time.advance(5000);
    net.start(2);
    net.time.advance(5000);
    assert.deepEqual(net.states, { 1: 'LOOKING', 2: 'LOOKING' });
    net.start(3);
    net.time.advance(1000);
    assert.deepEqual(net.states, { 1: 'FOLLOWING 3', 2: 'FOLLOWING 3', 3: 'LEADING' });
    net.start(4);
    net.time.advance(1000);
    net.start(5);
    net.time.advance(1000);
    assert.deepEqual(net.states, {
      1: 'FOLLOWING 3',
      2: 'FOLLOWING 3',
      3: 'LEADING',
      4: 'FOLLOWING 3',
      5: 'FOLLOWING 3',
    });
  });

  it('five empty servers started together elect server 5', () => {
    const net = started({ 1: {}, 2: {}, 3: {}, 4: {}, 5: {} });
    assert.equal(net.server(5).state, 'LEADING');
    for (const id of [1, 2, 3, 4]) assert.equal(net.server(id).leader, 5);
  });

  it('takes a fifth of a second and a message each way', () => {
    const net = started({ 1: {}, 2: {}, 3: {} });
    const [first] = net.server(3).decisions;
    assert.ok(first !== undefined && first.atMs >= 200 && first.atMs < 210, `${first?.atMs} ms`);
  });

  for (const { tie, states, leader } of [
    {
      tie: 'the epoch before anything else',
      states: { 1: { epoch: 3, zxid: 1 }, 2: { epoch: 2, zxid: 9 }, 3: { epoch: 2, zxid: 10 } },
      leader: 1,
    },
    {
      tie: 'the zxid when epochs are equal',
      states: { 1: { epoch: 3, zxid: 5 }, 2: { epoch: 3, zxid: 7 }, 3: { epoch: 3, zxid: 6 } },
      leader: 2,
    },
    {
      tie: 'the server id when both are equal',
      states: { 1: { epoch: 3, zxid: 5 }, 2: { epoch: 3, zxid: 5 }, 3: { epoch: 3, zxid: 4 } },
      leader: 2,
    },
  ]) {
    it(`a tie is decided by ${tie}`, () => {
      const net = started(states);
      assert.equal(net.server(leader).state, 'LEADING');
      for (const server of net.servers.values()) assert.equal(server.leader, leader);
    });
  }

  it('after the leader dies the one that knows most takes over, not the one with the largest id', () => {
    const net = new ElectionNet(configOf([1, 2, 3, 4, 5]), { supervised: true });
    net.start(1, 2, 3, 4, 5);
    net.time.advance(5000);
    assert.equal(net.server(5).state, 'LEADING');
    net.server(2).zxid = 2 ** 32 + 8;
    net.server(4).zxid = 2 ** 32 + 7;
    net.kill(5);
    net.time.advance(1000);
    assert.deepEqual(net.states, {
      1: 'FOLLOWING 2',
      2: 'LEADING',
      3: 'FOLLOWING 2',
      4: 'FOLLOWING 2',
      5: 'DOWN',
    });
  });

  it('a former leader that recovers follows, whatever it has logged', () => {
    const net = new ElectionNet(configOf([1, 2, 3]), { supervised: true });
    net.start(1, 2, 3);
    net.time.advance(5000);
    net.kill(3);
    net.time.advance(5000);
    assert.equal(net.server(2).state, 'LEADING');
    net.server(3).zxid = 2 ** 33;
    net.start(3);
    net.time.advance(1000);
    assert.deepEqual(net.states, { 1: 'FOLLOWING 2', 2: 'LEADING', 3: 'FOLLOWING 2' });
  });

  it('fewer than a majority never elect', () => {
    const net = new ElectionNet(configOf([1, 2, 3, 4, 5]));
    net.start(4, 5);
    net.time.advance(60 * MINUTE_MS);
    assert.deepEqual(net.states, { 4: 'LOOKING', 5: 'LOOKING' });
    assert.equal(net.server(4).decisions.length + net.server(5).decisions.length, 0);
    net.start(1);
    net.time.advance(2 * MINUTE_MS);
    assert.deepEqual(net.states, { 1: 'FOLLOWING 5', 4: 'FOLLOWING 5', 5: 'LEADING' });
  });

  it('half of an even number is no majority', () => {
    const net = new ElectionNet(configOf([1, 2, 3, 4]));
    net.start(3, 4);
    net.time.advance(10 * MINUTE_MS);
    assert.deepEqual(net.states, { 3: 'LOOKING', 4: 'LOOKING' });
  });

  it('a single participant elects itself', () => {
    const net = new ElectionNet(configOf([7]));
    net.start(7);
    net.time.advance(1000);
    assert.deepEqual(net.states, { 7: 'LEADING' });
  });
});

describe('observers', () => {
  it('follow the leader as observers, and their votes count nothing', () => {
    const net = new ElectionNet(configOf([1, 2, 3], [4, 5]));
    net.start(1, 4, 5);
    net.time.advance(10 * MINUTE_MS);
    assert.deepEqual(net.states, { 1: 'LOOKING', 4: 'LOOKING', 5: 'LOOKING' });
    net.start(2);
    net.time.advance(3 * MINUTE_MS);
    assert.deepEqual(net.states, {
      1: 'FOLLOWING 2',
      2: 'LEADING',
      4: 'OBSERVING 2',
      5: 'OBSERVING 2',
    });
  });

  it('never lead, though they know more than all others', () => {
    const net = new ElectionNet(configOf([1, 2, 3], [9]));
    net.add(9, { epoch: 8, zxid: 2 ** 40 });
    net.start(9, 1, 2, 3);
    net.time.advance(10_000);
    assert.deepEqual(net.states, { 1: 'FOLLOWING 3', 2: 'FOLLOWING 3', 3: 'LEADING', 9: 'OBSERVING 3' });
  });

  it('get an answer from every voter they ask, and speak to voters alone', () => {
    const net = new ElectionNet(configOf([1, 2, 3], [4, 5]));
    net.start(1, 2, 3);
    net.time.advance(1000);
    net.start(4);
    net.time.advance(1000);
    assert.deepEqual([...new Set(net.server(4).sent.map(({ to }) => to))], [1, 2, 3]);
    for (const { notification } of net.server(4).sent) {
      assert.equal(notification.leader, -(2 ** 63));
      assert.equal(notification.zxid, -(2 ** 63));
      assert.equal(notification.peerEpoch, -(2 ** 63));
    }
    for (const id of [1, 2, 3])
      assert.ok(
        net.server(id).sent.some(({ to }) => to === 4),
        `server ${id}`,
      );
    for (const id of [1, 2, 3])
      assert.ok(
        net.server(id).sent.every(({ to }) => to !== 5),
        `server ${id}`,
      );
  });
});

describe('hierarchical quorums', () => {
  const groups = ['group.1=1:2:3', 'group.2=4:5:6', 'group.3=7:8:9'];

  it('a majority of the servers in a majority of the groups elects', () => {
    const net = new ElectionNet(configOf([1, 2, 3, 4, 5, 6, 7, 8, 9], [], groups));
    net.start(1, 2, 4, 5);
    net.time.advance(1000);
    assert.equal(net.server(5).state, 'LEADING');
    assert.equal(net.server(1).leader, 5);
  });

  it('a majority of all servers that wins too few groups does not', () => {
    const net = new ElectionNet(configOf([1, 2, 3, 4, 5, 6, 7, 8, 9], [], groups));
    net.start(1, 2, 3, 4, 7);
    net.time.advance(10 * MINUTE_MS);
    for (const id of [1, 2, 3, 4, 7]) assert.equal(net.server(id).state, 'LOOKING');
  });

  it('a server without weight never leads, whatever it knows', () => {
    const net = new ElectionNet(configOf([1, 2, 3], [], ['group.1=1:2:3', 'weight.3=0']));
    net.add(3, { epoch: 9, zxid: 99 });
    net.start(1, 2, 3);
    net.time.advance(5000);
    assert.equal(net.server(2).state, 'LEADING');
    assert.equal(net.server(1).leader, 2);
  });
});
