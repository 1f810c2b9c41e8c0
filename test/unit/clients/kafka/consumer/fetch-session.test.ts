import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  FetchSession,
  type WantedPartition,
} from '../../../../../src/clients/kafka/consumer/fetch/fetch-session.ts';

const ID = 'AAAAAAAAAAAAAAAAAAAAAQ';
const OTHER_ID = 'AAAAAAAAAAAAAAAAAAAAAg';

const want = (partition: number, fetchOffset: number, topicId = ID): WantedPartition => ({
  topic: 't',
  topicId,
  partition,
  fetchOffset,
  currentLeaderEpoch: 0,
  maxBytes: 100,
});

/** What a request tells, in short. */
function told({ sessionId, sessionEpoch, added, forgotten }: ReturnType<FetchSession['next']>): string {
  const list = (all: readonly WantedPartition[]): string =>
    all.map(({ partition, fetchOffset }) => `${partition}@${fetchOffset}`).join();
  return `${sessionId}/${sessionEpoch} +${list(added)} -${list(forgotten)}`;
}

describe('a fetch session', () => {
  it('tells the broker what has changed, and no more', () => {
    const session = new FetchSession();
    assert.equal(told(session.next([want(0, 0), want(1, 0)])), '0/0 +0@0,1@0 -');
    session.answered(7);
    assert.equal(told(session.next([want(0, 0), want(1, 5)])), '7/1 +1@5 -');
    session.answered(7);
    assert.equal(told(session.next([want(1, 5), want(2, 0)])), '7/2 +2@0 -0@0');
    session.answered(7);
    assert.equal(told(session.next([want(1, 5), want(2, 0)])), '7/3 + -');
  });

  it('begins anew after an error, and closes the old one unless the broker has lost it', () => {
    const session = new FetchSession();
    session.next([want(0, 0)]);
    session.answered(7);
    session.failed(true);
    assert.equal(told(session.next([want(0, 0)])), '7/0 +0@0 -');
    session.answered(8);
    session.failed(false);
    assert.equal(told(session.next([want(0, 0)])), '0/0 +0@0 -');
  });

  it('is none where the broker gives none', () => {
    const session = new FetchSession();
    session.next([want(0, 0)]);
    session.answered(0);
    assert.equal(told(session.next([want(0, 1)])), '0/0 +0@1 -');
    assert.equal(session.close(), undefined);
  });

  it('forgets a topic that was created anew, and asks for the new one', () => {
    const session = new FetchSession();
    session.next([want(0, 3)]);
    session.answered(7);
    assert.equal(told(session.next([want(0, 0, OTHER_ID)])), '7/1 +0@0 -0@3');
  });

  it('begins anew when topics can no longer be called by id', () => {
    const session = new FetchSession();
    session.next([want(0, 0)]);
    session.answered(7);
    assert.equal(session.usesTopicIds, true);
    assert.equal(told(session.next([want(0, 0, 'AAAAAAAAAAAAAAAAAAAAAA')])), '7/0 +0@0 -');
    assert.equal(session.usesTopicIds, false);
  });

  it('closes', () => {
    const session = new FetchSession();
    session.next([want(0, 0)]);
    session.answered(7);
    const last = session.close();
    assert.equal(last === undefined ? '' : told(last), '7/-1 + -');
    assert.equal(session.close(), undefined);
  });
});
