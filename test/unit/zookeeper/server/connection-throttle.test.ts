import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Summary } from '../../../../src/base/summary.ts';
import {
  ConnectionThrottle,
  type ConnectionThrottleConfig,
} from '../../../../src/zookeeper/server/connection-throttle.ts';

const DEFAULTS: ConnectionThrottleConfig = {
  connectionThrottleTokens: 0,
  connectionThrottleFillCount: 1,
  connectionThrottleFillTimeMs: 1,
  connectionThrottleFreezeTimeMs: -1,
  connectionThrottleDropIncrease: 0.02,
  connectionThrottleDropDecrease: 0.002,
  connectionThrottleDecreaseRatio: 0,
  connectionThrottleWeightEnabled: false,
  connectionThrottleGlobalWeight: 3,
  connectionThrottleLocalWeight: 1,
  connectionThrottleRenewWeight: 2,
};

function throttle(config: Partial<ConnectionThrottleConfig>, draws: () => number = () => 0.5) {
  let nowMs = 0;
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  const random = { float: draws, below: () => 0, bytes: (length: number) => Buffer.alloc(length) };
  const made = new ConnectionThrottle({ ...DEFAULTS, ...config }, clock, random);
  return { made, pass: (ms: number) => (nowMs += ms) };
}

describe('the connection throttle', () => {
  it('admits all when it has no tokens to give out', () => {
    const { made } = throttle({});
    for (let i = 0; i < 1000; i++) assert.ok(made.admit('global'));
  });

  it('gives out its tokens and gets them back over time, never more than it had', () => {
    const { made, pass } = throttle({ connectionThrottleTokens: 3, connectionThrottleFillTimeMs: 100 });
    assert.deepEqual(
      [1, 2, 3, 4].map(() => made.admit('global')),
      [true, true, true, false],
    );
    assert.equal(made.deficit, 3);
    pass(200);
    assert.deepEqual(
      [1, 2, 3].map(() => made.admit('global')),
      [true, true, false],
    );
    pass(100_000);
    assert.deepEqual(
      [1, 2, 3, 4].map(() => made.admit('global')),
      [true, true, true, false],
    );
  });

  it('asks more tokens of sessions that cost more, when told to', () => {
    const { made } = throttle({ connectionThrottleTokens: 2, connectionThrottleWeightEnabled: true });
    assert.equal(made.admit('global'), true); // 6 tokens in all: 3 are left
    assert.equal(made.admit('renew'), true); // 1 is left
    assert.equal(made.admit('renew'), false);
    assert.equal(made.admit('local'), true);
    assert.equal(made.admit('local'), false);
  });

  it('drops more and more connections at random while the bucket is empty, and fewer once it is full', () => {
    const { made, pass } = throttle({
      connectionThrottleTokens: 1,
      connectionThrottleFillTimeMs: 1_000_000,
      connectionThrottleFreezeTimeMs: 10,
      connectionThrottleDropIncrease: 0.4,
      connectionThrottleDropDecrease: 0.3,
    });
    assert.ok(made.admit('global'));
    for (const expected of [0.4, 0.8, 1, 1]) {
      pass(11);
      made.admit('global');
      assert.ok(Math.abs(made.dropProbability - expected) < 1e-9, `${made.dropProbability}`);
    }
    pass(2_000_000);
    assert.equal(made.admit('global'), false, 'though there is a token again');
    assert.ok(Math.abs(made.dropProbability - 0.7) < 1e-9);
    pass(11);
    assert.equal(made.admit('global'), true);
  });
});

describe('a summary', () => {
  it('knows extremes, sum and quantiles', () => {
    const values = new Summary();
    assert.equal(values.quantile(0.5), undefined);
    for (let i = 100; i >= 1; i--) values.add(i);
    assert.deepEqual(
      [values.count, values.sum, values.min, values.max, values.average],
      [100, 5050, 1, 100, 50.5],
    );
    assert.deepEqual(
      [0.5, 0.9, 0.99, 1].map((fraction) => values.quantile(fraction)),
      [51, 91, 100, 100],
    );
  });

  it('has quantiles of the latest values only', () => {
    const values = new Summary();
    for (let i = 0; i < 5000; i++) values.add(i < 3000 ? 1000 : 1);
    assert.equal(values.quantile(0.99), 1);
    assert.equal(values.max, 1000);
  });
});
