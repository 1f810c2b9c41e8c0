import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Notification } from '../../../../src/zookeeper/election/vote.ts';
import { configOf, type ElectingServer, ElectionNet } from '../../../support/election-net.ts';

/** Server 1 of an ensemble of three (or as configured), looking, with the others played by the test. */
function alone(config = configOf([1, 2, 3])): { net: ElectionNet; server: ElectingServer } {
  const net = new ElectionNet(config);
  net.start(1);
  return { net, server: net.server(1) };
}

function vote(changes: Partial<Notification>): Notification {
  return {
    leader: 3,
    zxid: 0,
    electionEpoch: 1,
    peerEpoch: 0,
    state: 'LOOKING',
    version: 2,
    config: undefined,
    ...changes,
  };
}

/** To whom something has been sent since the last call. */
function takeSent(server: ElectingServer): [to: number, state: string, leader: number, round: number][] {
  return server.sent
    .splice(0)
    .map(({ to, notification: { state, leader, electionEpoch } }) => [to, state, leader, electionEpoch]);
}

describe('rounds', () => {
  it('a later round is joined, with the better of the two candidates', () => {
    for (const config of [configOf([1, 2, 3]), configOf([1, 2, 3, 4, 5])]) {
      const { server } = alone(config);
      const toAll = (leader: number, round: number) =>
        [...config.participants.keys()].slice(1).map((to) => [to, 'LOOKING', leader, round]);
      takeSent(server);
      server.election.receive(2, vote({ leader: 2, electionEpoch: 7 }));
      assert.equal(server.election.logicalClock, 7);
      assert.deepEqual(takeSent(server), toAll(2, 7));
      server.zxid = 50;
      server.election.receive(2, vote({ leader: 2, electionEpoch: 8 }));
      assert.deepEqual(takeSent(server), toAll(1, 8));
    }
  });

  it('votes of an earlier round are forgotten', () => {
    const { net, server } = alone(configOf([1, 2, 3, 4, 5]));
    server.election.receive(2, vote({ leader: 5 }));
    server.election.receive(3, vote({ leader: 5, electionEpoch: 2 }));
    net.time.advance(150);
    assert.equal(server.state, 'LOOKING');
    server.election.receive(4, vote({ leader: 5, electionEpoch: 2 }));
    net.time.advance(200);
    assert.equal(server.leader, 5);
    assert.equal(server.election.logicalClock, 2);
  });

  it('who is in an earlier round is told of the present one, and not counted', () => {
    const { net, server } = alone();
    server.election.receive(2, vote({ leader: 2, electionEpoch: 5 }));
    takeSent(server);
    server.election.receive(3, vote({ leader: 3, electionEpoch: 4, zxid: 99 }));
    assert.deepEqual(takeSent(server), [[3, 'LOOKING', 2, 5]]);
    net.time.advance(200);
    assert.equal(server.leader, 2);
  });

  it('each election is a new round', () => {
    const { server } = alone();
    server.election.startLooking();
    server.election.startLooking();
    assert.equal(server.election.logicalClock, 3);
  });
});

describe('the wait after a quorum', () => {
  it('ends the election a fifth of a second after the last message', () => {
    const { net, server } = alone();
    server.election.receive(2, vote({ leader: 3 }));
    net.time.advance(199);
    server.election.receive(2, vote({ leader: 3 }));
    net.time.advance(199);
    assert.equal(server.state, 'LOOKING');
    net.time.advance(1);
    assert.equal(server.state, 'FOLLOWING');
  });

  it('is broken off when somebody better turns up', () => {
    const { net, server } = alone(configOf([1, 2, 3, 4, 5]));
    server.election.receive(2, vote({ leader: 3 }));
    server.election.receive(3, vote({ leader: 3 }));
    net.time.advance(100);
    server.election.receive(5, vote({ leader: 5 }));
    net.time.advance(1000);
    assert.equal(server.state, 'LOOKING');
    server.election.receive(2, vote({ leader: 5 }));
    net.time.advance(200);
    assert.equal(server.leader, 5);
  });

  it('is broken off by a later round, though its candidate is no better', () => {
    const { net, server } = alone();
    server.election.receive(2, vote({ leader: 2 }));
    net.time.advance(199);
    server.election.receive(2, vote({ leader: 2, electionEpoch: 2 }));
    assert.equal(server.election.logicalClock, 2);
    net.time.advance(199);
    assert.equal(server.state, 'LOOKING');
    net.time.advance(1);
    assert.equal(server.leader, 2);
  });

  it('gives way to a leader that works already', () => {
    const { server } = alone(configOf([1, 2, 3, 4, 5]));
    server.election.receive(2, vote({ leader: 3, state: 'FOLLOWING', electionEpoch: 1, peerEpoch: 4 }));
    server.election.receive(5, vote({ leader: 5 }));
    server.election.receive(4, vote({ leader: 5 }));
    server.election.receive(4, vote({ leader: 3, state: 'FOLLOWING', electionEpoch: 1, peerEpoch: 4 }));
    assert.equal(server.state, 'LOOKING');
    server.election.receive(3, vote({ leader: 3, state: 'LEADING', electionEpoch: 1, peerEpoch: 4 }));
    assert.equal(server.leader, 3);
  });

  it('goes on after a better vote that belongs to an earlier round', () => {
    const { net, server } = alone();
    server.election.receive(2, vote({ leader: 2, electionEpoch: 4 }));
    net.time.advance(100);
    server.election.receive(3, vote({ leader: 3, electionEpoch: 3 }));
    net.time.advance(200);
    assert.equal(server.leader, 2);
  });
});

describe('joining an ensemble that works', () => {
  it('takes a quorum, and the leader itself among it', () => {
    const { server } = alone(configOf([1, 2, 3, 4, 5]));
    server.election.receive(2, vote({ state: 'FOLLOWING', electionEpoch: 9, peerEpoch: 4 }));
    server.election.receive(4, vote({ state: 'FOLLOWING', electionEpoch: 9, peerEpoch: 4 }));
    server.election.receive(5, vote({ state: 'FOLLOWING', electionEpoch: 9, peerEpoch: 4 }));
    assert.equal(server.state, 'LOOKING');
    server.election.receive(3, vote({ state: 'LEADING', electionEpoch: 9, peerEpoch: 4 }));
    assert.equal(server.leader, 3);
    assert.equal(server.election.logicalClock, 9);
    assert.equal(server.election.vote.peerEpoch, 4);
  });

  it('does not follow a dead leader that others still believe in', () => {
    const { net, server } = alone(configOf([1, 2, 3, 4, 5]));
    for (const from of [2, 4, 5]) {
      server.election.receive(from, vote({ state: 'FOLLOWING', electionEpoch: 9, peerEpoch: 4 }));
    }
    net.time.advance(60_000);
    assert.equal(server.state, 'LOOKING');
  });

  it('looks at leader and epoch alone, for zxid and round may differ among followers', () => {
    const { server } = alone();
    server.election.receive(2, vote({ state: 'FOLLOWING', electionEpoch: 5, zxid: 3, peerEpoch: 4 }));
    server.election.receive(3, vote({ state: 'LEADING', electionEpoch: 6, zxid: 8, peerEpoch: 4 }));
    assert.equal(server.leader, 3);
  });

  it('does not count a follower of another epoch', () => {
    const { server } = alone();
    server.election.receive(2, vote({ state: 'FOLLOWING', electionEpoch: 5, peerEpoch: 3 }));
    server.election.receive(3, vote({ state: 'LEADING', electionEpoch: 5, peerEpoch: 4 }));
    assert.equal(server.state, 'LOOKING');
  });

  it('passes over the epoch of servers that speak an old format', () => {
    const { server } = alone();
    server.election.receive(2, vote({ state: 'FOLLOWING', electionEpoch: 5, peerEpoch: 3, version: 0 }));
    server.election.receive(3, vote({ state: 'LEADING', electionEpoch: 5, peerEpoch: 4 }));
    assert.equal(server.leader, 3);
  });

  it('leads when the others follow this server in this very round, and not for an older one', () => {
    const { server } = alone();
    server.election.receive(2, vote({ leader: 1, state: 'FOLLOWING', electionEpoch: 3 }));
    assert.equal(server.state, 'LOOKING');
    server.election.receive(2, vote({ leader: 1, state: 'FOLLOWING', electionEpoch: 1 }));
    assert.equal(server.state, 'LEADING');
  });

  it('does not wait', () => {
    const { net, server } = alone();
    server.election.receive(3, vote({ state: 'LEADING', electionEpoch: 5, peerEpoch: 4 }));
    server.election.receive(2, vote({ state: 'FOLLOWING', electionEpoch: 5, peerEpoch: 4 }));
    assert.deepEqual(
      server.decisions.map(({ atMs }) => atMs),
      [net.time.monotonicMs()],
    );
  });

  it('is not brought about by observers', () => {
    const { server } = alone(configOf([1, 2, 3], [4, 5]));
    server.election.receive(3, vote({ state: 'LEADING', electionEpoch: 5 }));
    server.election.receive(4, vote({ state: 'OBSERVING', electionEpoch: 5 }));
    server.election.receive(5, vote({ state: 'FOLLOWING', electionEpoch: 5 }));
    assert.equal(server.state, 'LOOKING');
  });
});

describe('a settled server', () => {
  function settled(): { net: ElectionNet; server: ElectingServer } {
    const { net, server } = alone(configOf([1, 2, 3], [9]));
    server.election.receive(3, vote({ state: 'LEADING', electionEpoch: 5, peerEpoch: 4, zxid: 77 }));
    server.election.receive(2, vote({ state: 'FOLLOWING', electionEpoch: 5, peerEpoch: 4, zxid: 77 }));
    takeSent(server);
    return { net, server };
  }

  it('tells voters that look whom it follows, and nobody else', () => {
    const { server } = settled();
    server.election.receive(2, vote({ leader: 2, electionEpoch: 6 }));
    assert.deepEqual(takeSent(server), [[2, 'FOLLOWING', 3, 5]]);
    server.election.receive(3, vote({ state: 'LEADING', electionEpoch: 5 }));
    server.election.receive(2, vote({ state: 'FOLLOWING', electionEpoch: 5 }));
    assert.deepEqual(takeSent(server), []);
  });

  it('answers observers and strangers', () => {
    const { server } = settled();
    server.election.receive(9, vote({ leader: -(2 ** 63), zxid: -(2 ** 63), peerEpoch: -(2 ** 63) }));
    server.election.receive(42, vote({ leader: 42 }));
    server.election.receive(-1, vote({ leader: -(2 ** 63) }));
    assert.deepEqual(takeSent(server), [
      [9, 'FOLLOWING', 3, 5],
      [42, 'FOLLOWING', 3, 5],
      [-1, 'FOLLOWING', 3, 5],
    ]);
  });

  it('names the epoch that its leader works in since', () => {
    const { server } = settled();
    server.election.confirmEpoch(6);
    server.election.receive(2, vote({ leader: 2, electionEpoch: 6 }));
    assert.equal(server.sent[0]?.notification.peerEpoch, 6);
  });

  it('says nothing once it is stopped', () => {
    const { net, server } = settled();
    server.election.stop();
    server.election.receive(2, vote({ leader: 2, electionEpoch: 6 }));
    net.time.advance(120_000);
    assert.deepEqual(takeSent(server), []);
  });

  it('takes a leader that a reconfiguration names without an election', () => {
    const { server } = settled();
    assert.equal(
      server.election.settleOn({ leader: 2, zxid: 80, electionEpoch: -1, peerEpoch: 4 }),
      'FOLLOWING',
    );
    assert.equal(server.leader, 2);
    assert.equal(
      server.election.settleOn({ leader: 1, zxid: 80, electionEpoch: -1, peerEpoch: 4 }),
      'LEADING',
    );
  });
});

describe('servers without a vote', () => {
  const observer = { leader: -(2 ** 63), zxid: -(2 ** 63), peerEpoch: -(2 ** 63) };

  it('that ask during an election hear of its end at once', () => {
    const { net, server } = alone(configOf([1, 2, 3], [9]));
    server.election.receive(9, vote(observer));
    server.election.receive(2, vote({ leader: 3 }));
    takeSent(server);
    net.time.advance(200);
    assert.deepEqual(takeSent(server), [[9, 'FOLLOWING', 3, 1]]);
  });

  it('do not talk for ever with voters, whatever they are doing', () => {
    const net = new ElectionNet(configOf([1, 2], [9]));
    net.start(9);
    for (let round = 0; round < 5; round++) net.server(9).election.startLooking();
    net.start(1);
    net.time.advance(500);
    const asked = takeSent(net.server(1)).length + takeSent(net.server(9)).length;
    assert.ok(asked < 50, `${asked} messages`);
    net.server(9).election.settleOn({ leader: 2, zxid: 0, electionEpoch: 6, peerEpoch: 0 });
    // A voter of Apache's, which answers every word of an observer.
    for (let times = 0; times < 100; times++) net.server(9).election.receive(1, vote({ leader: 1 }));
    assert.equal(takeSent(net.server(9)).length, 3);
    net.server(9).election.receive(1, vote({ leader: 1, electionEpoch: 2 }));
    assert.equal(takeSent(net.server(9)).length, 1);
  });

  it('that look in a later round, or have a leader, are not answered by voters that look', () => {
    const { server } = alone(configOf([1, 2, 3], [9]));
    takeSent(server);
    server.election.receive(9, vote({ ...observer, electionEpoch: 6 }));
    server.election.receive(9, vote({ leader: 2, state: 'OBSERVING' }));
    assert.deepEqual(takeSent(server), []);
  });
});

describe('votes that do not count', () => {
  it('those of strangers do not, though they are answered', () => {
    const { net, server } = alone();
    takeSent(server);
    server.election.receive(42, vote({ leader: 3, zxid: 2 ** 40 }));
    server.election.receive(43, vote({ leader: 3, zxid: 2 ** 40 }));
    net.time.advance(150);
    assert.deepEqual(takeSent(server), [
      [42, 'LOOKING', 1, 1],
      [43, 'LOOKING', 1, 1],
    ]);
    assert.equal(server.election.vote.leader, 1);
  });

  it('those for strangers and observers do not', () => {
    const { net, server } = alone(configOf([1, 2, 3], [9]));
    server.election.receive(2, vote({ leader: 42, zxid: 9 }));
    server.election.receive(3, vote({ leader: 9, zxid: 9 }));
    net.time.advance(1000);
    assert.equal(server.election.vote.leader, 1);
  });

  it('those of servers without any zxid do not', () => {
    const { net, server } = alone();
    server.election.receive(2, vote({ leader: 2, zxid: -1, peerEpoch: 5 }));
    net.time.advance(1000);
    assert.equal(server.election.vote.leader, 1);
  });
});

describe('silence', () => {
  it('is broken again and again, twice as rarely each time, up to once a minute', () => {
    const { net, server } = alone();
    net.time.advance(400_000);
    const times = server.sent.filter(({ to }) => to === 2).map(({ atMs }) => atMs);
    const gaps = times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0));
    assert.deepEqual(
      gaps,
      [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000, 60_000, 60_000],
    );
  });
});

describe('a newer configuration that comes with a vote', () => {
  const text = configOf([1, 2, 3, 4], []).withVersion(0x100).toText();

  it('is taken while looking, and the round begins anew among the new servers', () => {
    const { server } = alone();
    takeSent(server);
    server.election.receive(2, vote({ leader: 3, config: text }));
    assert.deepEqual(
      server.adopted.map((config) => config.version),
      [0x100],
    );
    assert.deepEqual(takeSent(server), [
      [2, 'LOOKING', 1, 2],
      [3, 'LOOKING', 1, 2],
      [4, 'LOOKING', 1, 2],
    ]);
    assert.equal(server.election.vote.leader, 1);
  });

  it('changes nothing when it is not taken: reconfiguration is off', () => {
    const { net, server } = alone();
    server.adoptsConfigs = false;
    server.election.receive(2, vote({ leader: 3, config: text }));
    net.time.advance(200);
    assert.equal(server.leader, 3);
  });

  it('is not taken once a leader has been found', () => {
    const { net, server } = alone();
    server.election.receive(2, vote({ leader: 3 }));
    net.time.advance(200);
    server.election.receive(2, vote({ leader: 3, config: text }));
    assert.deepEqual(server.adopted, []);
  });

  for (const [what, config] of [
    ['older', text.replace('version=100', 'version=0')],
    ['unreadable', 'server.1=nowhere\nversion=100'],
  ] as const) {
    it(`is not taken when it is ${what}, but the vote counts`, () => {
      const { net, server } = alone();
      server.election.receive(2, vote({ leader: 3, config }));
      assert.deepEqual(server.adopted, []);
      net.time.advance(200);
      assert.equal(server.leader, 3);
    });
  }
});

describe('while a reconfiguration is under way', () => {
  it('who knows of it hears from the new servers, though they do not know yet that they vote', () => {
    const old = configOf([1, 2, 3]);
    const net = new ElectionNet(old);
    net.add(3, { lastSeenConfig: configOf([3, 4, 5]).withVersion(5) });
    for (const id of [1, 2, 4, 5]) {
      net.start(id);
      net.server(id).election.settleOn({ leader: 2, zxid: 0, electionEpoch: 4, peerEpoch: 1 });
    }
    net.start(3);
    net.time.advance(1000);
    assert.equal(net.server(3).leader, 2);
  });

  it('quorums of the old and of the new configuration are both needed', () => {
    const net = new ElectionNet(configOf([1, 2, 3]));
    const lastSeenConfig = configOf([3, 4, 5]).withVersion(5);
    const server = net.add(1, { lastSeenConfig });
    server.start();
    assert.deepEqual([...new Set(server.sent.map(({ to }) => to))], [2, 3, 4, 5]);
    server.election.receive(2, vote({ leader: 3 }));
    server.election.receive(3, vote({ leader: 3 }));
    net.time.advance(1000);
    assert.equal(server.state, 'LOOKING');
    server.election.receive(4, vote({ leader: 3 }));
    net.time.advance(200);
    assert.equal(server.leader, 3);
  });
});
