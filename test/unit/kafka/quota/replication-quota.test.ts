import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { ReplicationQuota } from '../../../../src/kafka/quota/replication-quota.ts';
import { SampledRate } from '../../../../src/kafka/quota/sampled-rate.ts';

test('a rate counts the windows that are not too old', () => {
  const rate = new SampledRate({ samples: 11, windowMs: 1000 });
  assert.equal(rate.perSecond(0), 0);
  rate.record(1000, 0);
  assert.equal(rate.perSecond(0), 1000, 'the first window counts as a whole one');
  assert.equal(rate.perSecond(500), 1000);
  assert.equal(rate.perSecond(2000), 500);
  rate.record(3000, 2000);
  assert.equal(rate.perSecond(2000), 2000);
  assert.equal(rate.perSecond(11_000), 3000 / 9, 'the first sample is gone, the second began at 2000');
  assert.equal(rate.perSecond(13_000), 0);
});

test('a rate that is fed all the time keeps one sample beyond its windows', () => {
  const rate = new SampledRate({ samples: 3, windowMs: 1000 });
  for (let nowMs = 0; nowMs < 100_000; nowMs += 100) rate.record(50, nowMs);
  assert.equal(Math.round(rate.perSecond(100_000)), 500);
});

test('a throttle is exceeded while more was copied per second than its rate', () => {
  const quota = new ReplicationQuota({ samples: 11, windowMs: 1000 });
  quota.record(1_000_000, 0);
  assert.equal(quota.isQuotaExceeded(0), false, 'there is no rate');
  quota.setRate(100_000);
  assert.equal(quota.isQuotaExceeded(0), true);
  assert.equal(quota.isQuotaExceeded(9999), true);
  assert.equal(quota.isQuotaExceeded(10_000), false, 'exactly the rate is within it');
  quota.record(1, 10_000);
  assert.equal(quota.isQuotaExceeded(10_000), true);
});

test('a throttle knows the partitions that are named for it', () => {
  const quota = new ReplicationQuota({ samples: 11, windowMs: 1000 });
  const isThrottled = (topic: string, partition: number) => quota.isThrottled({ topic, partition });
  quota.setThrottled('t', new Set([0, 2]));
  quota.setThrottled('u', 'all');
  assert.deepEqual([isThrottled('t', 0), isThrottled('t', 1), isThrottled('t', 2)], [true, false, true]);
  assert.deepEqual([isThrottled('u', 7), isThrottled('v', 0)], [true, false]);
  quota.setThrottled('t', new Set());
  assert.equal(isThrottled('t', 0), false);
});
