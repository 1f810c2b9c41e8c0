import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseQuorumConfig } from '../../../../src/zookeeper/election/quorum-config.ts';
import {
  QuorumConfigError,
  type QuorumVerifier,
  sameConfig,
  sameMembership,
} from '../../../../src/zookeeper/election/quorum-verifier.ts';
import { SyncedLearnerTracker } from '../../../../src/zookeeper/election/synced-learner-tracker.ts';
import { configOf } from '../../../support/election-net.ts';

const parse = (...lines: string[]): QuorumVerifier => parseQuorumConfig(lines.join('\n'), 'config');
const peer = (id: number, rest = ''): string => `server.${id}=h${id}:2888:3888${rest}`;

describe('majorities', () => {
  for (const [participants, smallest] of [
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
    [5, 3],
    [6, 4],
    [7, 4],
  ] as const) {
    it(`of ${participants} are ${smallest}`, () => {
      const ids = Array.from({ length: participants }, (_, index) => index + 1);
      const config = configOf(ids);
      assert.equal(config.containsQuorum(new Set(ids.slice(0, smallest))), true);
      assert.equal(config.containsQuorum(new Set(ids.slice(0, smallest - 1))), false);
    });
  }

  it('count participants alone', () => {
    const config = configOf([1, 2, 3], [4, 5]);
    assert.equal(config.containsQuorum(new Set([1, 4, 5, 77])), false);
    assert.equal(config.containsQuorum(new Set([1, 3])), true);
  });
});

describe('hierarchical quorums', () => {
  const groups = ['group.1=1:2:3', 'group.2=4:5:6', 'group.3=7:8:9'];
  const nine = configOf([1, 2, 3, 4, 5, 6, 7, 8, 9], [], groups);

  for (const [ids, expected] of [
    [[1, 2, 4, 5], true],
    [[1, 2, 3, 4], false],
    [[1, 2, 3, 4, 7], false],
    [[1, 3, 8, 9], true],
    [[], false],
  ] as const) {
    it(`{${ids.join(', ')}} is ${expected ? 'one' : 'none'}`, () => {
      assert.equal(nine.containsQuorum(new Set(ids)), expected);
    });
  }

  it('weigh servers, and leave out groups without weight', () => {
    const config = configOf(
      [1, 2, 3, 4],
      [],
      ['group.1=1:2', 'group.2=3:4', 'weight.1=3', 'weight.3=0', 'weight.4=0'],
    );
    assert.equal(config.containsQuorum(new Set([1])), true);
    assert.equal(config.containsQuorum(new Set([2, 3, 4])), false);
    assert.deepEqual(
      [1, 2, 3, 9].map((id) => config.weightOf(id)),
      [3, 1, 0, 0],
    );
  });

  for (const [lines, message] of [
    [[peer(1), peer(2), 'group.1=1'], /server\.2 is in no group: add it/],
    [[peer(1), 'group.1=1', 'group.2=1'], /server 1 is in group\.1 and group\.2: leave it in one/],
    [[peer(1), 'group.1=1:7'], /group\.1 names server 7, which is no participant/],
    [[peer(1), 'group.x=1'], /line 2: group\.x=1 has no group number/],
    [[peer(1), 'group.1=1:two'], /names "two", which is no server id/],
    [[peer(1), 'group.1=1', 'weight.1=-1'], /line 3: weight\.1=-1 is no weight/],
  ] as const) {
    it(`that make no sense are refused: ${lines.slice(1).join(', ')}`, () => {
      assert.throws(
        () => parse(...lines),
        (error) => error instanceof QuorumConfigError && message.test(error.message),
      );
    });
  }
});

describe('the text of a configuration', () => {
  for (const [what, text] of [
    [
      'majorities',
      'server.1=h:2888:3888:participant;0.0.0.0:2181\nserver.2=h2:2888:3888:observer\nversion=100000000',
    ],
    ['IPv6', 'server.1=[2001:db8::1]:2888:3888:participant;[::]:2181\nversion=0'],
    ['several addresses', 'server.1=a:1:2|b:3:4:participant\nversion=ff'],
    [
      'groups and weights',
      'server.1=h1:1:2:participant\nserver.2=h2:1:2:participant\ngroup.1=1\ngroup.2=2\nweight.1=1\nweight.2=3\nversion=a',
    ],
    ['ids in the order of a HashMap', 'server.16=a:1:2:participant\nserver.5=b:1:2:participant\nversion=0'],
  ] as const) {
    it(`with ${what} is written as it was read`, () => {
      assert.equal(parseQuorumConfig(text, 'config').toText(), text);
    });
  }

  it('fills in what is left out', () => {
    assert.equal(parse('server.1=h:1:2;2181').toText(), 'server.1=h:1:2:participant;0.0.0.0:2181\nversion=0');
    assert.equal(parse('server.1=h:1:2:OBSERVER').toText(), 'server.1=h:1:2:observer\nversion=0');
    assert.equal(parse('server.1=b:1:2|a:3:4:observer').toText(), 'server.1=a:3:4|b:1:2:observer\nversion=0');
  });

  for (const [line, message] of [
    ['server.1=h', /has no such form: give host:port:port/],
    ['server.1=h:1:2:leader', /has the role leader/],
    ['server.1=h:1:1', /one port for quorum and election/],
    ['server.1=h:1:99999', /"99999" where a port should be/],
    ['server.1=h:1:2;3;4', /more than one semicolon/],
    ['server.1=h:1:2:observer|g:1:2:participant', /different roles/],
    ['server.300=h:1:2', /has no server id in its name/],
    ['version=xyz', /is no version: give a hexadecimal number/],
    ['clientPort=2181', /is unknown: give server\.N/],
    ['server.1=\\u12', /hexadecimal digits/],
  ] as const) {
    it(`names what is wrong with ${line}`, () => {
      assert.throws(
        () => parse('', line),
        (error) => error instanceof QuorumConfigError && message.test(error.message),
      );
    });
  }

  it('never fails in another way, whatever it holds', () => {
    const line = fc.oneof(
      fc.string(),
      fc
        .tuple(fc.constantFrom('server.', 'group.', 'weight.', 'version'), fc.string())
        .map((parts) => parts.join('')),
      fc.tuple(fc.nat(300), fc.string()).map(([id, rest]) => `server.${id}=${rest}`),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
        try {
          const config = parse(...lines);
          assert.equal(parseQuorumConfig(config.toText(), 'again').toText(), config.toText());
        } catch (error) {
          assert.ok(error instanceof QuorumConfigError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('configurations are the same', () => {
  it('when their versions are, or their servers', () => {
    const config = configOf([1, 2, 3]);
    assert.ok(sameConfig(config.withVersion(5), configOf([1, 2]).withVersion(5)));
    assert.ok(sameConfig(config.withVersion(5), config.withVersion(6)));
    assert.ok(!sameConfig(config.withVersion(5), configOf([1, 2]).withVersion(6)));
  });

  it('in their servers when roles, addresses, groups and weights are equal', () => {
    const base = configOf([1, 2], [3]);
    assert.ok(sameMembership(base, base.withVersion(9)));
    assert.ok(!sameMembership(base, configOf([1, 2, 3])));
    assert.ok(!sameMembership(base, parse(base.toText().replace('host1:2888', 'host1:2889'))));
    const groups = ['group.1=1:2', 'weight.2=2'];
    assert.ok(!sameMembership(configOf([1, 2], [3], groups), base));
    assert.ok(sameMembership(configOf([1, 2], [3], groups), configOf([1, 2], [3], groups).withVersion(4)));
  });
});

describe('agreement', () => {
  it('during a reconfiguration takes quorums of both configurations', () => {
    const tracker = new SyncedLearnerTracker([configOf([1, 2, 3]), configOf([3, 4, 5])]);
    assert.equal(tracker.add(9), false);
    for (const id of [1, 2]) assert.equal(tracker.add(id), true);
    assert.equal(tracker.hasAllQuorums(), false);
    assert.equal(tracker.add(4), true);
    assert.equal(tracker.hasAllQuorums(), false);
    assert.equal(tracker.add(3), true);
    assert.equal(tracker.hasAllQuorums(), true);
    assert.equal(tracker.isVoter(3), true);
    assert.equal(tracker.isVoter(1), false);
    assert.equal(String(tracker), '[1, 2, 3],[4, 3]');
    tracker.remove(3);
    assert.equal(tracker.has(3), false);
    assert.equal(tracker.hasAllQuorums(), false);
  });
});
