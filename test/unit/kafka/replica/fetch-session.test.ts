import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type FetchContext,
  FetchSessions,
  NO_SESSION,
  type SessionAnswer,
  type SessionPartition,
} from '../../../../src/kafka/replica/fetch-session.ts';
import { ErrorCode } from '../../../../src/wire/kafka/errors.ts';
import { memoryEnv } from '../../../support/memory-env.ts';
import { VirtualTime } from '../../../support/virtual-time.ts';

const EVICTION_MS = 120_000;

function partition(number: number, fetchOffset = 0): SessionPartition {
  return {
    topic: 't',
    topicId: '',
    partition: number,
    fetchOffset,
    maxBytes: 1000,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
  };
}

function answer(changes: Partial<SessionAnswer> = {}): SessionAnswer {
  return {
    error: ErrorCode.NONE,
    highWatermark: 5,
    logStartOffset: 0,
    bytes: 0,
    divergingEpoch: undefined,
    preferredReadReplica: -1,
    ...changes,
  };
}

/** Sessions in a cache of so many places, and clients that fetch by them. */
class Sessions {
  readonly time = new VirtualTime();
  readonly cache: FetchSessions;

  constructor(slots: number) {
    const { random } = memoryEnv();
    this.cache = new FetchSessions({ clock: this.time, random, slots, evictionMs: EVICTION_MS });
  }

  begin(
    sessionId: number,
    sessionEpoch: number,
    partitions: readonly SessionPartition[] = [],
    privileged = false,
  ) {
    return this.cache.begin({
      sessionId,
      sessionEpoch,
      byTopicId: false,
      privileged,
      partitions,
      forgotten: [],
    });
  }

  /** Opens a session over so many partitions; its id, or NO_SESSION when the cache is full. */
  open(partitions: number, privileged = false): number {
    const context = this.begin(
      NO_SESSION,
      0,
      Array.from({ length: partitions }, (_, index) => partition(index)),
      privileged,
    );
    return sent(context).finish(Array.from({ length: partitions }, () => answer())).sessionId;
  }

  /** Whether the session is still there for its next request. */
  knows(sessionId: number, epoch = 1): boolean {
    const context = this.begin(sessionId, epoch);
    if ('error' in context) return context.error !== ErrorCode.FETCH_SESSION_ID_NOT_FOUND;
    context.finish(context.partitions.map(() => answer()));
    return true;
  }
}

function sent(context: ReturnType<FetchSessions['begin']>): FetchContext {
  assert(!('error' in context));
  return context;
}

describe('the cache of fetch sessions', () => {
  it('gives no session away while all are in use', () => {
    const sessions = new Sessions(2);
    const [first, second] = [sessions.open(1), sessions.open(1)];
    assert.equal(sessions.open(5), NO_SESSION);
    assert.ok(sessions.knows(first) && sessions.knows(second));
  });

  it('takes the place of the one that was longest unused, after two minutes', () => {
    const sessions = new Sessions(2);
    const [first, second] = [sessions.open(1), sessions.open(1)];
    sessions.time.advance(EVICTION_MS);
    assert.ok(sessions.knows(first));
    assert.equal(sessions.open(1), NO_SESSION, 'the second is not yet old enough');
    sessions.time.advance(1);
    assert.notEqual(sessions.open(1), NO_SESSION);
    assert.deepEqual([sessions.knows(first, 2), sessions.knows(second)], [true, false]);
  });

  it('gives the place of a small old session in use to a larger one', () => {
    const sessions = new Sessions(2);
    const [small, large] = [sessions.open(1), sessions.open(3)];
    sessions.time.advance(EVICTION_MS + 1);
    assert.ok(sessions.knows(small) && sessions.knows(large));
    assert.notEqual(sessions.open(2), NO_SESSION);
    assert.deepEqual([sessions.knows(small, 2), sessions.knows(large, 2)], [false, true]);
  });

  it('keeps followers before consumers, of whatever size', () => {
    const sessions = new Sessions(1);
    const follower = sessions.open(1, true);
    sessions.time.advance(EVICTION_MS + 1);
    assert.ok(sessions.knows(follower));
    assert.equal(sessions.open(100), NO_SESSION);
    assert.ok(sessions.knows(follower, 2));

    const others = new Sessions(1);
    const consumer = others.open(100);
    others.time.advance(EVICTION_MS + 1);
    assert.ok(others.knows(consumer));
    assert.notEqual(others.open(1, true), NO_SESSION);
    assert.equal(others.knows(consumer, 2), false);
  });
});

describe('a fetch session', () => {
  it('reads those last that had data last, so that none starves', () => {
    const sessions = new Sessions(1);
    const id = sessions.open(3);
    const order = (epoch: number, bytes: readonly number[]) => {
      const context = sent(sessions.begin(id, epoch));
      const asked = context.partitions.map((each) => each.partition);
      context.finish(bytes.map((size) => answer({ bytes: size })));
      return asked;
    };
    assert.deepEqual(order(1, [10, 0, 0]), [0, 1, 2]);
    assert.deepEqual(order(2, [10, 0, 10]), [1, 2, 0]);
    assert.deepEqual(order(3, [0, 0, 0]), [2, 1, 0]);
  });

  it('tells only what has changed, and an error every time until it is well again', () => {
    const sessions = new Sessions(1);
    const id = sessions.open(1);
    const told = (epoch: number, changes: Partial<SessionAnswer>) =>
      sent(sessions.begin(id, epoch))
        .finish([answer(changes)])
        .included(0);
    const error = ErrorCode.NOT_LEADER_OR_FOLLOWER;
    const story: readonly (readonly [Partial<SessionAnswer>, boolean])[] = [
      [{}, false],
      [{ highWatermark: 6 }, true],
      [{ highWatermark: 6 }, false],
      [{ highWatermark: 6, logStartOffset: 2 }, true],
      [{ highWatermark: 6, logStartOffset: 2, bytes: 1 }, true],
      [{ error, highWatermark: -1 }, true],
      [{ error, highWatermark: -1 }, true],
      [{ highWatermark: 6, logStartOffset: 2 }, true],
      [{ highWatermark: 6, logStartOffset: 2 }, false],
      [{ highWatermark: 6, logStartOffset: 2, divergingEpoch: {} }, true],
    ];
    assert.deepEqual(
      story.map(([changes], index) => told(index + 1, changes)),
      story.map(([, expected]) => expected),
    );
  });

  it('ends the older of two requests that overlap', () => {
    const sessions = new Sessions(1);
    const id = sessions.open(1);
    const older = sent(sessions.begin(id, 1));
    const newer = sent(sessions.begin(id, 2));
    assert.equal(older.finish([answer()]).error, ErrorCode.INVALID_FETCH_SESSION_EPOCH);
    assert.equal(newer.finish([answer()]).error, ErrorCode.NONE);
  });
});
