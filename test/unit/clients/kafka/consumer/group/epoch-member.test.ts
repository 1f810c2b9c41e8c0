import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type EpochAnswer,
  EpochMember,
} from '../../../../../../src/clients/kafka/consumer/group/epoch-member.ts';
import { KafkaError } from '../../../../../../src/clients/kafka/kafka-error.ts';

const TOPIC = 'AAAAAAAAAAAAAAAAAAAAAQ';
const OPTIONS = {
  groupId: 'g',
  memberId: 'm',
  groupInstanceId: null,
  rack: 'r1',
  rebalanceTimeoutMs: 60_000,
  serverAssignor: null,
};

function member(options: { readonly groupInstanceId?: string | null } = {}): EpochMember {
  return new EpochMember({ ...OPTIONS, ...options }, { topics: ['one'], pattern: null });
}

/** Partitions undefined: nothing is said of them. */
function answer(memberEpoch: number, partitions?: readonly number[]): EpochAnswer {
  const topicPartitions =
    partitions?.length === 0 ? [] : [{ topicId: TOPIC, partitions: [...(partitions ?? [])] }];
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    errorMessage: null,
    memberId: 'm',
    memberEpoch,
    heartbeatIntervalMs: 5000,
    assignment: partitions === undefined ? null : { topicPartitions },
  } as EpochAnswer;
}

const having = (...partitions: number[]) => new Map(partitions.length === 0 ? [] : [[TOPIC, partitions]]);
const said = (...partitions: number[]) => (partitions.length === 0 ? [] : [{ topicId: TOPIC, partitions }]);

/** In the group, with these partitions. */
function settled(...partitions: number[]): EpochMember {
  const subject = member();
  subject.heartbeat();
  subject.accepted(answer(1, partitions));
  subject.reconciled(having(...partitions));
  subject.heartbeat();
  return subject;
}

describe('a member of a group of the new protocol', () => {
  it('says everything when it joins, and then only what has changed', () => {
    const subject = member();
    assert.equal(subject.isUrgent, true);
    assert.deepEqual(subject.heartbeat(), {
      groupId: 'g',
      memberId: 'm',
      memberEpoch: 0,
      instanceId: null,
      rackId: 'r1',
      rebalanceTimeoutMs: 60_000,
      serverAssignor: null,
      subscribedTopicNames: ['one'],
      topicPartitions: [],
    });
    subject.accepted(answer(3));
    assert.equal(subject.isUrgent, false);
    assert.deepEqual(subject.heartbeat(), { groupId: 'g', memberId: 'm', memberEpoch: 3, instanceId: null });
    subject.want({ topics: ['one', 'two'], pattern: null });
    assert.equal(subject.isUrgent, true);
    assert.deepEqual(subject.heartbeat()?.subscribedTopicNames, ['one', 'two']);
  });

  it('says what it has once it has taken it, at once', () => {
    const subject = member();
    subject.heartbeat();
    subject.accepted(answer(1, [2, 0]));
    assert.deepEqual(subject.toReconcile, having(0, 2));
    assert.equal(subject.heartbeat()?.topicPartitions, undefined, 'not before');
    subject.reconciled(having(0, 2));
    assert.equal(subject.isUrgent, true);
    assert.deepEqual(subject.heartbeat()?.topicPartitions, said(0, 2));
    assert.equal(subject.isUrgent, false);
    assert.equal(subject.toReconcile, undefined);
  });

  it('says that it has given everything up', () => {
    const subject = settled(0);
    subject.accepted(answer(2, []));
    subject.reconciled(having());
    assert.deepEqual(subject.heartbeat()?.topicPartitions, []);
  });

  it('goes on to what it was told while it reconciled', () => {
    const subject = settled(0, 1);
    subject.accepted(answer(2, [0]));
    subject.accepted(answer(3, [0, 2]));
    subject.reconciled(having(0));
    assert.deepEqual(subject.heartbeat()?.topicPartitions, said(0));
    assert.deepEqual(subject.toReconcile, having(0, 2));
  });

  it('has nothing to do when it is told what it has', () => {
    const subject = settled(0, 1);
    subject.accepted(answer(2, [0]));
    subject.accepted(answer(3, [0, 1]));
    assert.equal(subject.toReconcile, undefined);
  });

  it('says everything again when an answer has not come', () => {
    const subject = settled(4);
    subject.unheard();
    const again = subject.heartbeat();
    assert.deepEqual(again?.topicPartitions, said(4));
    assert.deepEqual(again?.subscribedTopicNames, ['one']);
    assert.equal(again?.memberEpoch, 1);
  });

  it('drops what it had before it joins again, when it is fenced', () => {
    const subject = settled(0);
    subject.fenced();
    assert.equal(subject.isLost, true);
    assert.equal(subject.isJoined, false);
    assert.equal(subject.heartbeat(), undefined);
    subject.accepted(answer(7, [5]));
    assert.equal(subject.toReconcile, undefined, 'an answer that comes late');
    subject.dropped();
    const join = subject.heartbeat();
    assert.equal(join?.memberEpoch, 0);
    assert.deepEqual(join?.topicPartitions, []);
  });

  it('takes a pattern back by an empty one', () => {
    const subject = new EpochMember(OPTIONS, { topics: [], pattern: 'o.*' });
    assert.equal(subject.heartbeat()?.subscribedTopicRegex, 'o.*');
    subject.accepted(answer(1));
    subject.want({ topics: ['one'], pattern: null });
    const next = subject.heartbeat();
    assert.equal(next?.subscribedTopicRegex, '');
    assert.deepEqual(next?.subscribedTopicNames, ['one']);
  });

  const leaves: readonly (readonly [
    what: string,
    instance: string | null,
    always: boolean,
    epoch: number,
  ])[] = [
    ['a dynamic member', null, false, -1],
    ['a static member that comes back', 'i', false, -2],
    ['a static member that does not', 'i', true, -1],
  ];
  for (const [what, groupInstanceId, always, epoch] of leaves) {
    it(`leaves as ${what}`, () => {
      const subject = member({ groupInstanceId });
      subject.heartbeat();
      subject.accepted(answer(1));
      assert.equal(subject.leave(always)?.memberEpoch, epoch);
      assert.equal(subject.heartbeat(), undefined);
      assert.equal(subject.leave(always), undefined, 'it has left');
    });
  }

  it('leaves when nobody polls, and joins again once it has dropped what it had', () => {
    const subject = settled(0);
    assert.equal(subject.expire().memberEpoch, -1);
    assert.equal(subject.isLost, true);
    subject.dropped();
    assert.equal(subject.heartbeat()?.memberEpoch, 0);
  });

  it('is silent once it has failed', () => {
    const subject = settled(0);
    subject.failed(new KafkaError('INVALID_STATE', 'no'));
    assert.equal(subject.heartbeat(), undefined);
    assert.equal(subject.isMember, false);
  });
});
