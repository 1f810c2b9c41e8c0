import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteReader } from '../../../../src/base/byte-reader.ts';
import { OpCode } from '../../../../src/wire/zookeeper/op-codes.ts';
import { PacketType, QuorumPacket } from '../../../../src/wire/zookeeper/quorum.ts';
import { type EncodedTxn, encodedTxn } from '../../../../src/wire/zookeeper/txn-entry.ts';
import { makeZxid } from '../../../../src/zookeeper/pipeline/zxid.ts';
import { Leader } from '../../../../src/zookeeper/zab/leader.ts';
import type { LearnerHandler } from '../../../../src/zookeeper/zab/learner-handler.ts';
import {
  ackEpochPacket,
  helloPacket,
  packetName,
  pingReplyPacket,
  plainPacket,
  revalidatePacket,
} from '../../../../src/zookeeper/zab/packets.ts';
import { ZabMetrics } from '../../../../src/zookeeper/zab/zab-metrics.ts';
import { configOf } from '../../../support/election-net.ts';
import { memoryEnv } from '../../../support/memory-env.ts';

const TICK_MS = 1000;

function show(zxid: number): string {
  return zxid < 0 ? String(zxid) : `${Math.floor(zxid / 2 ** 32)}.${zxid % 2 ** 32}`;
}

function txn(epoch: number, counter: number): EncodedTxn {
  const zxid = makeZxid(epoch, counter);
  return encodedTxn({
    header: { clientId: 1n, cxid: 0, zxid, time: 1, type: OpCode.error },
    body: { type: OpCode.error, txn: { err: 0 } },
  });
}

/** A connection that writes down what it is sent. */
class Wire {
  readonly sent: string[] = [];
  readonly handler: LearnerHandler;
  isClosed = false;

  constructor(leader: Leader, remoteHost: string) {
    this.handler = leader.accept({
      remote: 'test',
      remoteHost,
      send: (bytes) => {
        const { type, zxid } = QuorumPacket.read(new ByteReader(bytes));
        this.sent.push(`${packetName(type)} ${show(zxid)}`);
      },
      sendTree: () => this.sent.push('SNAP and the tree'),
      close: () => {
        this.isClosed = true;
      },
    });
  }

  receive(...packets: Buffer[]): this {
    for (const packet of packets) this.handler.receive(QuorumPacket.read(new ByteReader(packet)));
    return this;
  }

  take(): string[] {
    return this.sent.splice(0);
  }
}

/** Server 3 of an ensemble leads; its disk syncs when the test says so. */
class Subject {
  readonly did: string[] = [];
  readonly leader: Leader;
  nowMs = 0;
  accepted = 4;
  /** Of whoever joins. */
  votedEpoch: number | undefined;
  current = 4;

  constructor(participants: readonly number[] = [1, 2, 3], observers: readonly number[] = []) {
    const subject = this;
    const config = configOf(participants, observers);
    this.leader = new Leader({
      peer: {
        id: 3,
        config,
        lastSeenConfig: config,
        get acceptedEpoch() {
          return subject.accepted;
        },
        get currentEpoch() {
          return subject.current;
        },
      },
      log: memoryEnv().log,
      metrics: new ZabMetrics(memoryEnv().clock),
      tickMs: TICK_MS,
      initLimit: 10,
      syncLimit: 5,
      ports: {
        history: { lastProcessedZxid: makeZxid(4, 2), committed: () => [], logged: () => [] },
        monotonicMs: () => this.nowMs,
        acceptEpoch: (epoch) => this.did.push(`accept epoch ${epoch}`),
        enterEpoch: (epoch) => this.did.push(`enter epoch ${epoch}`),
        serve: (epoch) => this.did.push(`serve in ${epoch}`),
        append: (own) => this.did.push(`log ${show(own.entry.header.zxid)}`),
        proposeConfig: () => undefined,
        activateConfig: () => undefined,
        commit: (own) => this.did.push(`apply ${show(own.entry.header.zxid)}`),
        touch: (id, timeoutMs) => this.did.push(`session ${id} was heard of, ${timeoutMs} ms`),
        revalidate: (_, id) => id === 7n,
        forwarded: () => this.did.push('forwarded'),
        takeVotedEpoch: () => this.votedEpoch,
        ended: (reason) => this.did.push(`ended: ${reason}`),
      },
    });
    this.leader.start();
  }

  connect(remoteHost = 'a'): Wire {
    return new Wire(this.leader, remoteHost);
  }

  /** A learner that has come as far as NEWLEADER, or that has acknowledged it. */
  learner(id: number, options: { isObserver?: boolean; accepted?: number } = {}): Wire {
    const { isObserver = false, accepted = 4 } = options;
    const wire = this.connect().receive(hello(id, accepted, isObserver));
    return wire;
  }

  take(): string[] {
    return this.did.splice(0);
  }

  halfTicks(count: number): void {
    for (let i = 0; i < count; i++) {
      this.nowMs += TICK_MS / 2;
      this.leader.halfTick();
    }
  }
}

function hello(id: number, accepted = 4, isObserver = false): Buffer {
  const info = { id, isObserver, acceptedEpoch: accepted, configVersion: 0 };
  return helloPacket(info, makeZxid(accepted, 0));
}

const ackNewLeader = plainPacket(PacketType.ACK, makeZxid(5, 0));
const ackEpoch = ackEpochPacket(4, makeZxid(4, 2));

/** A leader that serves with server 1 behind it. */
function serving(participants?: readonly number[], observers?: readonly number[]): [Subject, Wire] {
  const subject = new Subject(participants, observers);
  const wire = subject.learner(1).receive(ackEpoch, ackNewLeader);
  subject.take();
  wire.take();
  return [subject, wire];
}

describe('A leader', () => {
  it('comes to serve step by step, each with a quorum', () => {
    const subject = new Subject();
    assert.deepEqual(subject.take(), [], 'alone it decides nothing');
    const wire = subject.learner(1, { accepted: 7 });
    assert.deepEqual(subject.take(), ['accept epoch 8'], 'above all that was accepted');
    assert.deepEqual(wire.take(), ['LEADERINFO 8.0']);
    wire.receive(ackEpoch);
    assert.deepEqual(subject.take(), ['enter epoch 8']);
    assert.deepEqual(wire.take(), ['DIFF 4.2', 'NEWLEADER 8.0']);
    wire.receive(plainPacket(PacketType.ACK, makeZxid(8, 0)));
    assert.deepEqual(subject.take(), ['serve in 8']);
    assert.deepEqual(wire.take(), ['UPTODATE -1']);
  });

  it('does not count an acknowledgement of an epoch that was accepted before', () => {
    const subject = new Subject();
    const wire = subject.learner(1).receive(ackEpochPacket(-1, makeZxid(4, 2)));
    assert.deepEqual(subject.take(), ['accept epoch 5']);
    assert.deepEqual(wire.take(), ['LEADERINFO 5.0']);
    subject.learner(2).receive(ackEpoch);
    assert.deepEqual(subject.take(), ['enter epoch 5']);
    assert.deepEqual(wire.take(), ['DIFF 4.2', 'NEWLEADER 5.0'], 'it is brought up to date all the same');
  });

  it('sends away who has a later history, for its own would be cut off', () => {
    const subject = new Subject();
    assert.ok(subject.learner(1).receive(ackEpochPacket(4, makeZxid(4, 3))).isClosed);
    assert.ok(subject.learner(2).receive(ackEpochPacket(5, makeZxid(3, 1))).isClosed);
    assert.deepEqual(subject.take(), ['accept epoch 5'], 'no epoch is entered');
  });

  it('does not let observers vote', () => {
    const subject = new Subject([1, 2, 3], [4, 5]);
    for (const id of [4, 5]) subject.learner(id, { isObserver: true });
    assert.deepEqual(subject.take(), []);
  });

  it('commits what a quorum has on disk, in order, whoever is first', () => {
    const subject = new Subject([1, 2, 3, 4, 5]);
    const wire = subject.learner(1);
    const second = subject.learner(2).receive(ackEpoch);
    wire.receive(ackEpoch, ackNewLeader);
    second.receive(ackNewLeader);
    assert.deepEqual(subject.take(), ['accept epoch 5', 'enter epoch 5', 'serve in 5']);
    wire.take();
    second.take();
    subject.leader.propose(txn(5, 1));
    subject.leader.propose(txn(5, 2));
    assert.deepEqual(subject.take(), ['log 5.1', 'log 5.2']);
    for (const each of [wire, second]) assert.deepEqual(each.take(), ['PROPOSAL 5.1', 'PROPOSAL 5.2']);
    for (const each of [wire, second]) each.receive(plainPacket(PacketType.ACK, makeZxid(5, 2)));
    subject.leader.logged(makeZxid(5, 2));
    assert.deepEqual(subject.take(), [], 'the second waits for the first');
    subject.leader.logged(makeZxid(5, 1));
    wire.receive(plainPacket(PacketType.ACK, makeZxid(5, 1)));
    assert.deepEqual(subject.take(), [], 'two of five');
    second.receive(plainPacket(PacketType.ACK, makeZxid(5, 1)));
    assert.deepEqual(subject.take(), ['apply 5.1', 'apply 5.2']);
    assert.deepEqual(wire.take(), ['COMMIT 5.1', 'COMMIT 5.2']);
  });

  it('lets a learner that comes back end its old connection', () => {
    const [subject, wire] = serving();
    const again = subject.connect('a').receive(hello(1, 5));
    assert.ok(wire.isClosed);
    assert.deepEqual(again.take(), ['LEADERINFO 5.0']);
  });

  it('refuses a second server of the same id, while the first is heard of', () => {
    const [subject, wire] = serving();
    const second = subject.connect('b').receive(hello(1, 5));
    assert.ok(second.isClosed);
    assert.ok(!wire.isClosed);
    const namesake = subject.connect('c').receive(hello(3, 5));
    assert.ok(namesake.isClosed, 'a learner with the id of the leader');
    subject.halfTicks(5);
    const later = subject.connect('b').receive(hello(1, 5));
    assert.ok(wire.isClosed, 'the first has said nothing for more than two ticks: it may be gone');
    assert.ok(!later.isClosed);
  });

  it('counts one server once, however often it acknowledges', () => {
    const [subject, wire] = serving([1, 2, 3]);
    subject.leader.propose(txn(5, 1));
    wire.receive(plainPacket(PacketType.ACK, makeZxid(5, 1)), plainPacket(PacketType.ACK, makeZxid(5, 1)));
    assert.deepEqual(subject.take(), ['log 5.1']);
    subject.leader.logged(makeZxid(5, 1));
    assert.deepEqual(subject.take(), ['apply 5.1']);
  });

  it('tells observers what is committed, and nothing before', () => {
    const [subject, wire] = serving([1, 2, 3], [4]);
    const observer = subject.learner(4, { isObserver: true });
    subject.leader.propose(txn(5, 1));
    observer.receive(ackEpochPacket(4, makeZxid(4, 2)), ackNewLeader);
    assert.deepEqual(observer.take(), ['LEADERINFO 5.0', 'DIFF 4.2', 'NEWLEADER 5.0', 'UPTODATE -1']);
    subject.leader.logged(makeZxid(5, 1));
    wire.receive(plainPacket(PacketType.ACK, makeZxid(5, 1)));
    assert.deepEqual(observer.take(), ['INFORM 5.1']);
  });

  it('gives a follower that joins late what is under way', () => {
    const [subject] = serving();
    subject.leader.propose(txn(5, 1));
    const late = subject.learner(2).receive(ackEpoch);
    assert.deepEqual(late.take(), ['LEADERINFO 5.0', 'DIFF 4.2', 'PROPOSAL 5.1', 'NEWLEADER 5.0']);
    subject.leader.propose(txn(5, 2));
    assert.deepEqual(late.take(), ['PROPOSAL 5.2']);
  });

  it('answers a sync when a quorum answers still, and everything proposed before it is committed', () => {
    const [subject, wire] = serving();
    const pong = pingReplyPacket(makeZxid(5, 0), []);
    let done = 0;
    subject.leader.sync(() => done++);
    assert.deepEqual(wire.take(), ['PING 5.0']);
    assert.equal(done, 0, 'others may lead by now');
    wire.receive(pong);
    assert.equal(done, 1, 'nothing is under way');
    subject.leader.propose(txn(5, 1));
    subject.leader.sync(() => done++);
    wire.receive(pong);
    subject.leader.propose(txn(5, 2));
    for (const counter of [1, 2]) {
      assert.equal(done, counter === 1 ? 1 : 2);
      subject.leader.logged(makeZxid(5, counter));
      wire.receive(plainPacket(PacketType.ACK, makeZxid(5, counter)));
    }
    assert.equal(done, 2);
  });

  it('answers a sync before the commit of anything proposed behind it, for an acknowledgement says as much as a ping', () => {
    const [subject, wire] = serving();
    for (const count of [1, 2]) subject.leader.sync(() => subject.did.push(`sync ${count}`));
    subject.leader.propose(txn(5, 1));
    subject.leader.sync(() => subject.did.push('sync behind'));
    wire.take();
    subject.leader.logged(makeZxid(5, 1));
    subject.take();
    wire.receive(plainPacket(PacketType.ACK, makeZxid(5, 1)));
    assert.deepEqual(subject.take(), ['sync 1', 'sync 2', 'apply 5.1']);
    assert.deepEqual(wire.take(), ['PING 5.1', 'COMMIT 5.1'], 'the round that is left is for the last sync');
  });

  it('asks once for all syncs that come while a quorum is being asked', () => {
    const [subject, wire] = serving();
    const pong = pingReplyPacket(makeZxid(5, 0), []);
    const done: number[] = [];
    for (const number of [1, 2, 3]) subject.leader.sync(() => done.push(number));
    assert.deepEqual(wire.take(), ['PING 5.0']);
    wire.receive(pong);
    assert.deepEqual([done, wire.take()], [[1], ['PING 5.0']]);
    wire.receive(pong);
    assert.deepEqual(done, [1, 2, 3]);
  });

  it('gives up for a member that has accepted a later epoch, so that it may follow, unless its history is later too', () => {
    for (const votedEpoch of [undefined, 6, 5, 4]) {
      const [subject] = serving();
      subject.take();
      subject.votedEpoch = votedEpoch;
      const stranded = subject.learner(2, { accepted: 7 });
      if (votedEpoch === undefined || votedEpoch > 5) {
        assert.deepEqual([subject.take(), stranded.take()], [[], ['LEADERINFO 5.0']], `epoch ${votedEpoch}`);
        continue;
      }
      const reason = 'server 2 has accepted epoch 7, and can follow in later ones alone';
      assert.deepEqual(subject.take(), ['accept epoch 7', `ended: ${reason}`], `epoch ${votedEpoch}`);
      subject.leader.end('again');
    }
    const [subject] = serving();
    subject.take();
    subject.votedEpoch = 4;
    subject.learner(9, { accepted: 7 });
    subject.learner(1, { accepted: 2 ** 21 - 1 });
    assert.deepEqual(subject.take(), [], 'no member, and no epoch that can be');
  });

  it('hears of sessions by pings, and says which of them live', () => {
    const [subject, wire] = serving();
    subject.halfTicks(1);
    assert.deepEqual(wire.take(), ['PING 5.0']);
    wire.receive(pingReplyPacket(makeZxid(5, 0), [[9n, 4000]]));
    assert.deepEqual(subject.take(), ['session 9 was heard of, 4000 ms']);
    wire.receive(revalidatePacket(7n, 4000));
    assert.deepEqual(wire.take(), ['REVALIDATE -1']);
  });

  it('steps down when no quorum answers, and not because of one silent follower', () => {
    const [subject, wire] = serving();
    const second = subject.learner(2).receive(ackEpoch, ackNewLeader);
    for (let i = 0; i < 20; i++) {
      subject.halfTicks(1);
      second.receive(pingReplyPacket(makeZxid(5, 0), []));
    }
    assert.equal(wire.isClosed, true, 'silent for longer than syncLimit');
    assert.deepEqual(subject.take(), []);
    second.handler.disconnected();
    subject.halfTicks(2);
    assert.deepEqual(subject.take(), ['ended: not enough followers answer']);
  });

  it('drops a follower that answers pings and never acknowledges', () => {
    const [subject, wire] = serving();
    subject.leader.propose(txn(5, 1));
    for (let i = 0; i < 14 && !wire.isClosed; i++) {
      subject.halfTicks(1);
      wire.receive(pingReplyPacket(makeZxid(5, 0), []));
    }
    assert.equal(wire.isClosed, true);
  });

  it('gives up when no quorum comes within initLimit', () => {
    const subject = new Subject();
    subject.halfTicks(21);
    assert.match(subject.take().join(), /^ended: no quorum of servers .* \(discovery\)$/);
  });

  it('gives up when the zxids of its epoch are used up', () => {
    const [subject] = serving();
    const { leader } = subject;
    Object.assign(leader, { lastProposedZxid: makeZxid(5, 0xffff_fffe) });
    leader.propose(txn(5, 0xffff_ffff));
    assert.deepEqual(subject.take(), ['ended: the zxids of this epoch are used up']);
  });

  const malformed: [what: string, packets: Buffer[]][] = [
    ['that begins with something else', [ackNewLeader]],
    ['that says hello twice', [hello(1), hello(1)]],
    ['that acknowledges another epoch', [hello(1), ackEpoch, plainPacket(PacketType.ACK, makeZxid(6, 0))]],
    ['that sends a leader’s packet', [hello(1), ackEpoch, ackNewLeader, plainPacket(PacketType.COMMIT, 1)]],
    [
      'without its id',
      [QuorumPacket.encode({ type: PacketType.FOLLOWERINFO, zxid: 0, data: null, authinfo: null })],
    ],
  ];
  for (const [what, packets] of malformed) {
    it(`closes the connection of a learner ${what}, and no other`, () => {
      const subject = new Subject();
      const good = subject.learner(2).receive(ackEpoch, ackNewLeader);
      const bad = subject.connect().receive(...packets);
      assert.equal(bad.isClosed, true);
      assert.equal(good.isClosed, false);
    });
  }
});
