import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { zeroUuid } from '../../../../../src/kafka/metadata/model.ts';
import {
  RequestingSession,
  type WantedPartition,
} from '../../../../../src/kafka/replica/fetcher/requesting-session.ts';
import { ErrorCode } from '../../../../../src/wire/kafka/errors.ts';
import { FetchResponse } from '../../../../../src/wire/kafka/messages/01-fetch.ts';

const ID = 'Bjv0gMjFRrS1EkfKZmOutg';

function wanted(partition: number, fetchOffset = 0, topicId = ID): WantedPartition {
  return {
    topic: 't',
    topicId,
    partition,
    fetchOffset,
    logStartOffset: 0,
    maxBytes: 1000,
    currentLeaderEpoch: 1,
    lastFetchedEpoch: -1,
  };
}

function response(sessionId: number, partitions: readonly number[], errorCode: number = ErrorCode.NONE) {
  const codec = FetchResponse.at(17);
  const entries = partitions.map((partitionIndex) => ({
    partitionIndex,
    errorCode: 0,
    highWatermark: 0,
    abortedTransactions: null,
    records: null,
  }));
  return codec.decode(
    codec.encode({
      errorCode,
      sessionId,
      responses: entries.length === 0 ? [] : [{ topicId: ID, partitions: entries }],
    }),
  );
}

/** What a request says: session, epoch, named and forgotten partitions. */
function said(session: RequestingSession, partitions: readonly WantedPartition[], hasTopicIds = true) {
  const next = session.next(partitions, hasTopicIds);
  if (next === undefined) return undefined;
  return [
    next.sessionId,
    next.sessionEpoch,
    next.topics.flatMap((topic) => topic.partitions.map(({ partition }) => partition)),
    next.forgottenTopicsData.flatMap((topic) => topic.partitions),
  ];
}

describe('a requesting session', () => {
  it('names everything at first, then what has changed, come and gone', () => {
    const session = new RequestingSession();
    assert.deepEqual(said(session, [wanted(0), wanted(1)]), [0, 0, [0, 1], []]);
    assert.equal(session.answered(response(7, [0, 1])), true);
    assert.deepEqual(said(session, [wanted(0), wanted(1)]), [7, 1, [], []]);
    assert.equal(session.answered(response(7, [])), true);
    assert.deepEqual(said(session, [wanted(0), wanted(1, 5)]), [7, 2, [1], []]);
    assert.equal(session.answered(response(7, [1])), true);
    assert.deepEqual(said(session, [wanted(1, 5), wanted(2)]), [7, 3, [2], [0]]);
    assert.equal(session.answered(response(7, [])), true);
    assert.deepEqual(said(session, []), [7, 4, [], [1, 2]]);
    assert.equal(session.answered(response(0, [])), true);
    assert.equal(said(session, []), undefined);
  });

  it('goes on without a session as long as the leader opens none', () => {
    const session = new RequestingSession();
    for (let round = 0; round < 3; round++) {
      assert.deepEqual(said(session, [wanted(0)]), [0, 0, [0], []]);
      assert.equal(session.answered(response(0, [0])), true);
    }
  });

  const open = (): RequestingSession => {
    const session = new RequestingSession();
    said(session, [wanted(0), wanted(1)]);
    session.answered(response(7, [0, 1]));
    said(session, [wanted(0), wanted(1)]);
    return session;
  };

  it('begins anew when the leader does not know the session', () => {
    const session = open();
    assert.equal(session.answered(response(0, [], ErrorCode.FETCH_SESSION_ID_NOT_FOUND)), false);
    assert.deepEqual(said(session, [wanted(0), wanted(1)]), [0, 0, [0, 1], []]);
  });

  it('closes the old session when it is out of step, or its answer is lost', () => {
    const outOfStep = open();
    assert.equal(outOfStep.answered(response(0, [], ErrorCode.INVALID_FETCH_SESSION_EPOCH)), false);
    assert.deepEqual(said(outOfStep, [wanted(0)]), [7, 0, [0], []]);
    const lost = open();
    lost.lost();
    assert.deepEqual(said(lost, [wanted(0)]), [7, 0, [0], []]);
  });

  it('does not believe an answer about something else', () => {
    const session = open();
    assert.equal(session.answered(response(7, [9])), false);
    assert.deepEqual(said(session, [wanted(0)]), [7, 0, [0], []]);
    const full = new RequestingSession();
    said(full, [wanted(0), wanted(1)]);
    assert.equal(full.answered(response(7, [0])), false);
    assert.deepEqual(said(full, [wanted(0)]), [0, 0, [0], []]);
  });

  it('begins anew when it changes between names and ids of topics', () => {
    const session = open();
    session.answered(response(7, []));
    assert.deepEqual(said(session, [wanted(0), wanted(1, 0, zeroUuid)]), [7, 0, [0, 1], []]);
    const old = new RequestingSession();
    assert.equal(old.next([wanted(0)], false)?.byTopicId, false);
  });

  it('forgets a topic that was made anew under its name', () => {
    const session = open();
    session.answered(response(7, []));
    const other = 'AAAAAAAAAAAAAAAAAAAAAQ';
    assert.deepEqual(said(session, [wanted(0), wanted(1, 0, other)]), [7, 2, [1], [1]]);
  });
});
