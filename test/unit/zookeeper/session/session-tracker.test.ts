import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorCode } from '../../../../src/wire/zookeeper/errors.ts';
import { firstSessionId, SessionTracker } from '../../../../src/zookeeper/session/session-tracker.ts';

function tracker(): SessionTracker {
  return new SessionTracker({ tickMs: 1000, nowMs: 10_000, firstSessionId: 7n });
}

describe('SessionTracker', () => {
  it('expires a session once, never before its timeout and within a tick after it', () => {
    for (const startMs of [10_000, 10_001, 10_500, 10_999]) {
      const sessions = tracker();
      const id = sessions.create(3000, startMs);
      assert.deepEqual(sessions.expire(startMs + 3000), [], `started at ${startMs}`);
      assert.deepEqual(sessions.expire(startMs + 4000), [id], `started at ${startMs}`);
      assert.deepEqual(sessions.expire(startMs + 60_000), []);
      assert.equal(sessions.check(id, 'me'), ErrorCode.SESSIONEXPIRED);
      assert.equal(sessions.touch(id, 3000, startMs + 60_000), false);
    }
  });

  it('does not expire a session whose end is under way', () => {
    const sessions = tracker();
    const id = sessions.create(3000, 10_000);
    sessions.setClosing(id);
    assert.deepEqual(sessions.expire(60_000), []);
    sessions.remove(id);
    assert.equal(sessions.size, 0);
  });

  it('keeps a session that is touched, also after the process was held up for long', () => {
    const sessions = tracker();
    const id = sessions.create(3000, 10_000);
    for (let nowMs = 10_000; nowMs < 60_000; nowMs += 2500) {
      assert.equal(sessions.touch(id, 3000, nowMs), true);
      assert.deepEqual(sessions.expire(nowMs), []);
    }
    assert.equal(sessions.touch(id, 3000, 500_000), true);
    assert.deepEqual(sessions.expire(500_000), []);
    assert.deepEqual(sessions.expire(504_000), [id]);
  });

  it('forgets removed sessions with their buckets', () => {
    const sessions = tracker();
    const ids = Array.from({ length: 10 }, (_, i) => sessions.create(1000 * (i + 2), 10_000));
    for (const id of ids) sessions.remove(id);
    assert.deepEqual([sessions.size, sessions.expiryBuckets().length], [0, 0]);
    assert.equal(sessions.check(ids[0] ?? 0n, 'me'), ErrorCode.UNKNOWNSESSION);
    assert.equal(sessions.checkGlobal(ids[0] ?? 0n, 'me'), ErrorCode.SESSIONEXPIRED);
  });

  it('believes the first owner, and refuses another as moved', () => {
    const sessions = tracker();
    const id = sessions.create(3000, 10_000);
    assert.equal(sessions.check(id, 'one'), ErrorCode.OK);
    assert.equal(sessions.check(id, 'two'), ErrorCode.SESSIONMOVED);
    sessions.setOwner(id, 'two');
    assert.equal(sessions.check(id, 'two'), ErrorCode.OK);
  });

  it('gives out no id that a recovered session has', () => {
    const sessions = tracker();
    sessions.track(7n, 1000, 10_000);
    sessions.track(8n, 1000, 10_000);
    assert.equal(sessions.create(1000, 10_000), 9n);
  });

  it('puts the server id in the top byte of ids and never gives out the mark of containers', () => {
    const id = firstSessionId(3, 1_795_253_591_892);
    assert.equal(id >> 56n, 3n);
    assert.equal(firstSessionId(0x80, 0), -(1n << 63n) + 1n);
  });
});
