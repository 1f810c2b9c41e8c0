import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteReader } from '../../../../src/base/byte-reader.ts';
import { OpCode } from '../../../../src/wire/zookeeper/op-codes.ts';
import { PacketType, QuorumPacket } from '../../../../src/wire/zookeeper/quorum.ts';
import { type EncodedTxn, encodedTxn } from '../../../../src/wire/zookeeper/txn-entry.ts';
import { makeZxid } from '../../../../src/zookeeper/pipeline/zxid.ts';
import { Learner } from '../../../../src/zookeeper/zab/learner.ts';
import {
  informPacket,
  leaderInfoPacket,
  newLeaderPacket,
  packetName,
  plainPacket,
  proposalPacket,
} from '../../../../src/zookeeper/zab/packets.ts';
import { ZabMetrics } from '../../../../src/zookeeper/zab/zab-metrics.ts';
import { memoryEnv } from '../../../support/memory-env.ts';

const EPOCH = 5;

function txn(epoch: number, counter: number): EncodedTxn {
  const zxid = makeZxid(epoch, counter);
  return encodedTxn({
    header: { clientId: 1n, cxid: counter, zxid, time: 1, type: OpCode.error },
    body: { type: OpCode.error, txn: { err: 0 } },
  });
}

function show(zxid: number): string {
  return `${Math.floor(zxid / 2 ** 32)}.${zxid % 2 ** 32}`;
}

/** A learner whose disk is slow as long as the test wants: what it did, in order. */
class Subject {
  readonly did: string[] = [];
  readonly learner: Learner;
  accepted = 4;
  current = 4;
  lastZxid = makeZxid(4, 2);
  needsTree = false;
  private durable: (() => void)[] = [];
  private replaced: (() => void)[] = [];
  private appended: EncodedTxn[] = [];

  constructor(options: { isObserver?: boolean; accepted?: number } = {}) {
    this.accepted = options.accepted ?? 4;
    const subject = this;
    const zxidOf = ({ entry }: EncodedTxn) => show(entry.header.zxid);
    this.learner = new Learner({
      isObserver: options.isObserver ?? false,
      log: memoryEnv().log,
      metrics: new ZabMetrics(memoryEnv().clock),
      initTimeoutMs: 10_000,
      syncTimeoutMs: 5000,
      peer: {
        id: 1,
        configVersion: 0,
        get acceptedEpoch() {
          return subject.accepted;
        },
        get currentEpoch() {
          return subject.current;
        },
        get needsTree() {
          return subject.needsTree;
        },
        get lastZxid() {
          return subject.lastZxid;
        },
      },
      ports: {
        send: (bytes) => this.sent(QuorumPacket.read(new ByteReader(bytes))),
        acceptEpoch: (epoch) => this.did.push(`accept epoch ${epoch}`),
        enterEpoch: (epoch) => this.did.push(`enter epoch ${epoch}`),
        truncate: (zxid, done) => {
          this.did.push(`truncate ${show(zxid)}`);
          this.replaced.push(done);
        },
        loadTree: (zxid, done) => {
          this.did.push(`load tree ${show(zxid)}`);
          this.replaced.push(done);
        },
        append: (own) => {
          this.did.push(`log ${zxidOf(own)}`);
          this.appended.push(own);
        },
        whenDurable: (done) => {
          this.durable.push(done);
        },
        commit: (own) => this.did.push(`apply ${zxidOf(own)}`),
        proposeConfig: () => undefined,
        activateConfig: () => false,
        serve: (epoch) => this.did.push(`serve in ${epoch}`),
        takeTouched: () => [[7n, 4000]],
        revalidated: (id, lives) => this.did.push(`session ${id} ${lives ? 'lives' : 'is gone'}`),
        synced: () => this.did.push('synced'),
      },
    });
    this.learner.start();
  }

  private sent({ type, zxid }: QuorumPacket): void {
    this.did.push(`send ${packetName(type)} ${show(zxid)}`);
  }

  /** Hands packets over, all of which have to be wanted. */
  receive(...packets: Buffer[]): this {
    for (const packet of packets) {
      assert.equal(this.learner.isBusy, false, 'the learner is busy');
      this.learner.receive(QuorumPacket.read(new ByteReader(packet)));
    }
    return this;
  }

  /** The disk has everything that was logged so far. */
  sync(): this {
    const txns = this.appended;
    this.appended = [];
    this.did.push('-- synced --');
    this.learner.logged(txns);
    for (const done of this.durable.splice(0)) done();
    return this;
  }

  /** Tree or log have been replaced. */
  replace(): this {
    for (const done of this.replaced.splice(0)) done();
    return this;
  }

  /** What was done since the last call. */
  take(): string[] {
    return this.did.splice(0);
  }
}

const leaderInfo = leaderInfoPacket(makeZxid(EPOCH, 0));
const newLeader = newLeaderPacket(makeZxid(EPOCH, 0), '');
const upToDate = plainPacket(PacketType.UPTODATE, -1);
const diff = plainPacket(PacketType.DIFF, makeZxid(4, 2));

function propose(epoch: number, counter: number): Buffer {
  return proposalPacket(txn(epoch, counter), makeZxid(epoch, counter));
}

function commit(epoch: number, counter: number): Buffer {
  return plainPacket(PacketType.COMMIT, makeZxid(epoch, counter));
}

/** A follower that has been told what kind of synchronisation comes. */
function following(...packets: Buffer[]): Subject {
  const subject = new Subject().receive(leaderInfo);
  subject.take();
  return subject.receive(...packets);
}

describe('A follower', () => {
  it('accepts the epoch on disk before it says so, then follows', () => {
    const subject = new Subject();
    assert.deepEqual(subject.take(), ['send FOLLOWERINFO 4.0']);
    subject.receive(leaderInfo);
    assert.deepEqual(subject.take(), ['accept epoch 5', 'send ACKEPOCH 4.2']);
    subject.receive(diff, newLeader).sync();
    assert.deepEqual(subject.take(), ['-- synced --', 'enter epoch 5', 'send ACK 5.0']);
    subject.receive(upToDate);
    assert.deepEqual(subject.take(), ['send ACK 5.0', 'serve in 5']);
    subject.receive(propose(5, 1), propose(5, 2), commit(5, 1));
    assert.deepEqual(subject.take(), ['log 5.1', 'log 5.2', 'apply 5.1']);
    subject.sync();
    assert.deepEqual(subject.take(), ['-- synced --', 'send ACK 5.1', 'send ACK 5.2']);
  });

  it('does not accept an epoch a second time, but may follow in it', () => {
    const subject = new Subject({ accepted: 5 });
    subject.take();
    subject.receive(leaderInfo);
    assert.deepEqual(subject.take(), ['send ACKEPOCH 4.2']);
  });

  it('refuses a leader of an epoch below the accepted one', () => {
    const subject = new Subject({ accepted: 6 });
    assert.throws(() => subject.receive(leaderInfo), /epoch 5 is below 6/);
  });

  describe('keeps what others have lost', () => {
    it('ZOOKEEPER-3023, 4643, 4785: the epoch is entered after the history is on disk', () => {
      const subject = following(diff, propose(4, 3), commit(4, 3), newLeader);
      assert.deepEqual(subject.take(), ['log 4.3', 'apply 4.3']);
      assert.equal(subject.learner.isBusy, true, 'nothing else is looked at meanwhile');
      subject.sync();
      assert.deepEqual(subject.take(), ['-- synced --', 'enter epoch 5', 'send ACK 5.0']);
    });

    it('ZOOKEEPER-3911, 4646: NEWLEADER is acknowledged after the history is on disk', () => {
      const subject = following(diff, propose(4, 3), commit(4, 3), propose(5, 1), newLeader);
      assert.ok(!subject.take().some((line) => line.startsWith('send')));
      subject.sync();
      assert.deepEqual(subject.take(), ['-- synced --', 'enter epoch 5', 'send ACK 5.0', 'log 5.1']);
      subject.sync();
      assert.deepEqual(subject.take(), ['-- synced --', 'send ACK 5.1']);
    });

    it('ZOOKEEPER-4394: a commit between NEWLEADER and UPTODATE finds its proposal', () => {
      const subject = following(diff, propose(5, 1), newLeader).sync();
      subject.take();
      subject.receive(commit(5, 1), propose(5, 2), commit(5, 2), upToDate);
      assert.deepEqual(subject.take(), ['apply 5.1', 'log 5.2', 'apply 5.2', 'send ACK 5.0', 'serve in 5']);
    });

    it('ZOOKEEPER-4685: what was proposed before UPTODATE is logged and acknowledged', () => {
      const subject = following(diff, propose(5, 1), newLeader).sync().receive(propose(5, 2), upToDate);
      subject.sync();
      const acks = subject.take().filter((line) => line.startsWith('send ACK 5.') && line !== 'send ACK 5.0');
      assert.deepEqual(acks, ['send ACK 5.1', 'send ACK 5.2']);
    });

    it('ZOOKEEPER-4925: a hole in what the leader sends ends the connection', () => {
      assert.throws(() => following(diff, propose(4, 4)), /does not follow/);
      assert.throws(() => following(diff, propose(4, 3), propose(4, 5)), /does not follow/);
      const subject = following(diff, newLeader).sync().receive(upToDate, propose(5, 1));
      assert.throws(() => subject.receive(propose(5, 3)), /does not follow/);
    });

    it('a commit out of order, or of nothing, ends the connection', () => {
      assert.throws(() => following(diff, propose(4, 3), propose(4, 4), commit(4, 4)), /out of order/);
      assert.throws(() => following(diff, commit(4, 3)), /not proposed/);
    });
  });

  it('cuts its end off before anything else is looked at, and goes on from there', () => {
    const subject = following(plainPacket(PacketType.TRUNC, makeZxid(4, 1)));
    assert.deepEqual(subject.take(), ['truncate 4.1']);
    assert.equal(subject.learner.isBusy, true);
    subject.replace().receive(propose(4, 2), commit(4, 2), newLeader).sync();
    assert.deepEqual(subject.take(), [
      'log 4.2',
      'apply 4.2',
      '-- synced --',
      'enter epoch 5',
      'send ACK 5.0',
    ]);
  });

  it('takes a tree, and passes over proposals that it contains already', () => {
    const subject = following(plainPacket(PacketType.SNAP, makeZxid(5, 7)));
    assert.deepEqual(subject.take(), ['load tree 5.7']);
    subject.replace().receive(propose(5, 6), commit(5, 6), propose(5, 7), propose(5, 8), commit(5, 7));
    assert.deepEqual(subject.take(), []);
    subject.receive(commit(5, 8), newLeader).sync();
    assert.deepEqual(subject.take(), [
      'log 5.8',
      'apply 5.8',
      '-- synced --',
      'enter epoch 5',
      'send ACK 5.0',
    ]);
  });

  it('counts what it has logged and not heard a commit of as its history', () => {
    const subject = following(diff, propose(5, 1), newLeader);
    assert.equal(subject.learner.uncommitted().length, 0, 'not logged before the epoch is entered');
    subject.sync().receive(upToDate, propose(5, 2), commit(5, 1));
    assert.deepEqual(
      subject.learner.uncommitted().map(({ entry }) => show(entry.header.zxid)),
      ['5.2'],
    );
  });

  it('answers pings only when it serves, for before that the leader waits for something else', () => {
    const ping = plainPacket(PacketType.PING, makeZxid(5, 0));
    const subject = following(diff, newLeader).sync();
    subject.take();
    subject.receive(ping);
    assert.deepEqual(subject.take(), []);
    subject.receive(upToDate, ping);
    assert.equal(subject.take().at(-1), 'send PING 5.0');
  });

  const wrong: [what: string, packets: Buffer[], message: RegExp][] = [
    ['UPTODATE before NEWLEADER', [diff, upToDate], /UPTODATE before NEWLEADER/],
    ['NEWLEADER of another epoch', [diff, newLeaderPacket(makeZxid(6, 0), '')], /NEWLEADER .* in epoch 5/],
    ['a proposal where DIFF, TRUNC or SNAP should come', [propose(4, 3)], /DIFF, TRUNC or SNAP was expected/],
    ['an unknown packet', [diff, plainPacket(PacketType.OBSERVERINFO, 0)], /OBSERVERINFO where/],
    [
      'a transaction that cannot be read',
      [diff, proposalPacket({ payload: Buffer.alloc(3) }, 1)],
      /bytes wanted/,
    ],
  ];
  for (const [what, packets, message] of wrong) {
    it(`ends the connection at ${what}`, () => {
      assert.throws(() => following(...packets), message);
    });
  }
});

describe('An observer', () => {
  it('logs and applies what it is told is committed, and acknowledges none of it', () => {
    const subject = new Subject({ isObserver: true });
    assert.deepEqual(subject.take(), ['send OBSERVERINFO 4.0']);
    subject.receive(leaderInfo, diff, propose(4, 3), commit(4, 3), informPacket(txn(5, 1)), newLeader).sync();
    subject.take();
    subject.receive(upToDate, informPacket(txn(5, 2))).sync();
    assert.deepEqual(subject.take(), ['send ACK 5.0', 'serve in 5', 'log 5.2', 'apply 5.2', '-- synced --']);
  });
});
