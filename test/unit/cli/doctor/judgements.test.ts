import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isLoopback } from '../../../../src/cli/doctor/addresses.ts';
import { checkController, compareVersions } from '../../../../src/cli/doctor/brokers.ts';
import { fragileTopics, missingBrokers } from '../../../../src/cli/doctor/partitions.ts';
import { judgeQuorum, type ServerAnswer } from '../../../../src/cli/doctor/quorum.ts';
import { establishedAtMs, judgeClock } from '../../../../src/cli/doctor/zookeeper-view.ts';
import { parseMonitor, parseServer } from '../../../../src/cli/verbs/four-letter-answers.ts';
import { troubleOf } from '../../../../src/cli/verbs/partition-trouble.ts';
import { ClusterMetadata } from '../../../../src/clients/kafka/cluster/cluster-metadata.ts';

const SRVR = `Zookeeper version: 3.9.5-abc, built on 2024-03-01
Latency min/avg/max: 0/0.5/3
Received: 5
Sent: 4
Connections: 2
Outstanding: 0
Zxid: 0x1c
Mode: leader
Node count: 40
`;

function server(name: string, mode: string | undefined, more: Partial<ServerAnswer> = {}): ServerAnswer {
  const facts = parseServer(SRVR.replace('leader', mode ?? ''));
  return {
    name,
    facts: mode === undefined ? undefined : facts,
    trouble: undefined,
    syncedFollowers: undefined,
    followers: undefined,
    ...more,
  };
}

const verdicts = (answers: readonly ServerAnswer[]) =>
  judgeQuorum(answers).map(({ verdict, message }) => `${verdict}: ${message}`);

describe('quorum', () => {
  it('srvr and mntr are understood', () => {
    assert.deepEqual(parseServer(SRVR), {
      version: '3.9.5',
      mode: 'leader',
      zxid: '0x1c',
      nodes: 40,
      connections: 2,
    });
    assert.equal(parseServer('This ZooKeeper instance is not currently serving requests\n'), undefined);
    assert.equal(parseMonitor('zk_learners\t2\nzk_uptime\t5\n').get('zk_learners'), '2');
    assert.equal(parseMonitor('mntr is not executed because it is not in the whitelist.\n').size, 0);
  });

  it('a leader and its followers are well', () => {
    assert.deepEqual(verdicts([server('a', 'leader'), server('b', 'follower'), server('c', 'follower')]), [
      'ok: ZooKeeper 3.9.5: a leader, b follower, c follower',
    ]);
  });

  it('standalone servers are no ensemble', () => {
    const [finding] = verdicts([server('a', 'standalone'), server('b', 'standalone'), server('c', 'leader')]);
    assert.equal(finding, 'problem: a, b run standalone: not part of one ensemble');
  });

  it('two leaders, none, and followers that lag', () => {
    const three = (...modes: string[]) => modes.map((mode, index) => server(`s${index}`, mode));
    assert.match(verdicts(three('leader', 'leader', 'follower'))[0] ?? '', /^problem: s0 and s1 both lead/);
    assert.match(
      verdicts(three('follower', 'follower', 'follower'))[0] ?? '',
      /^problem: no server is the leader/,
    );
    const lagging = server('a', 'leader', { followers: 2, syncedFollowers: 1 });
    assert.match(
      verdicts([lagging, server('b', 'follower'), server('c', 'follower')])[0] ?? '',
      /^warning: 1 of 2 followers of a are not in sync/,
    );
  });

  it('an even number of servers is a waste', () => {
    assert.match(
      verdicts([server('a', 'leader'), server('b', 'follower')]).at(-1) ?? '',
      /^warning: 2 servers/,
    );
  });
});

describe('clocks', () => {
  for (const [aheadMs, verdict] of [
    [0, 'ok'],
    [-900, 'ok'],
    [2500, 'warning'],
    [-70_000, 'problem'],
  ] as const) {
    it(`${aheadMs} ms: ${verdict}`, () => assert.equal(judgeClock('a', 'b', aheadMs).verdict, verdict));
  }

  it('the youngest session of cons', () => {
    const cons = ` /127.0.0.1:1[1](queued=0,recved=2,sent=2,sid=0x1a,lop=PING,est=1700000000000,to=10000)
 /127.0.0.1:2[0](queued=0,recved=1,sent=0)
 /127.0.0.1:3[1](queued=0,recved=1,sent=1,sid=0x1b,lop=SESS,est=1700000005000,to=10000)
`;
    assert.equal(establishedAtMs(cons), 1_700_000_005_000);
    assert.equal(establishedAtMs('cons is not executed because it is not in the whitelist.'), undefined);
  });
});

describe('partitions', () => {
  it('what is wrong with one', () => {
    assert.deepEqual(troubleOf({ leader: 1, replicas: [1, 2], isr: [1, 2] }, 2), []);
    assert.deepEqual(troubleOf({ leader: 1, replicas: [1, 2, 3], isr: [1, 2] }, 2), ['under-replicated']);
    assert.deepEqual(troubleOf({ leader: -1, replicas: [1, 2, 3], isr: [1] }, 2), [
      'under-replicated',
      'under-min-isr',
      'offline',
    ]);
  });

  it('topics that one broker takes away are named, where there are others', () => {
    const topic = (name: string, replicas: readonly number[]) => ({
      name,
      partitions: [{ partition: 0, leader: 1, leaderEpoch: 0, replicas, isr: replicas, offlineReplicas: [] }],
    });
    const topics = [topic('single', [1]), topic('strict', [1, 2]), topic('good', [1, 2, 3])];
    const minIsr = new Map([
      ['strict', 2],
      ['good', 2],
    ]);
    const messages = fragileTopics(topics, minIsr, 3).map(({ message }) => message);
    assert.deepEqual(messages, [
      '1 topics have one replica, and go with their broker: single',
      '1 topics need all their replicas for acks=all: strict',
    ]);
    assert.deepEqual(fragileTopics(topics, minIsr, 1), []);
    assert.deepEqual(
      missingBrokers(topics, [1, 2]).map(({ message }) => message),
      ['broker 3 is not there, and holds replicas of 1 partitions'],
    );
    assert.deepEqual(missingBrokers(topics, [1, 2, 3]), []);
  });
});

describe('brokers', () => {
  it('mixed versions are told by name', () => {
    const versions = (max: number) => new Map([[0, `0-${max}`]]);
    assert.equal(compareVersions(new Map([[1, versions(9)]])).verdict, 'ok');
    const mixed = compareVersions(
      new Map([
        [1, versions(9)],
        [2, versions(11)],
      ]),
    );
    assert.equal(mixed.message, 'brokers serve different versions of Produce');
    assert.equal(compareVersions(new Map()).verdict, 'unknown');
  });

  it('no controller is a problem', () => {
    assert.equal(checkController(ClusterMetadata.EMPTY).verdict, 'problem');
  });

  it('addresses of the own machine', () => {
    assert.deepEqual(['localhost', '127.0.0.1', '::1', 'kafka1', '10.0.0.1'].map(isLoopback), [
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});
