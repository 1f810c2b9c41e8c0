import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ReplicaQuota } from '../../../../src/kafka/quota/replication-quota.ts';
import { ErrorCode } from '../../../../src/wire/kafka/errors.ts';
import { ReplicaCluster } from '../../../support/kafka/replica-cluster.ts';

/** A throttle that is open until the test closes it, and counts. */
class Gate implements ReplicaQuota {
  isClosed = false;
  bytes = 0;

  isThrottled(): boolean {
    return true;
  }

  isQuotaExceeded(): boolean {
    return this.isClosed;
  }

  record(bytes: number): void {
    this.bytes += bytes;
  }
}

for (const side of ['leader', 'follower'] as const) {
  describe(`the throttle of a ${side}`, () => {
    it('holds back a replica that is not in sync, and never one that is', async () => {
      const gate = new Gate();
      const quota = side === 'leader' ? { leaderQuota: gate } : { followerQuota: gate };
      const cluster = await ReplicaCluster.start(3, { ...quota, replicaLagTimeMaxMs: 1000 });
      const first = cluster.node(1).append('a');
      await cluster.until(
        'all have it',
        () => first.error === ErrorCode.NONE && cluster.state.isr.length === 3,
      );
      await cluster.run(600);
      gate.isClosed = true;
      await cluster.stopNode(3);
      cluster.elect(1, { isr: [1, 2] });
      const second = cluster.node(1).append('b');
      await cluster.until('the two go on', () => second.error === ErrorCode.NONE);
      await cluster.startNode(3);
      await cluster.run(1500);
      assert.deepEqual(cluster.node(3).records, ['a']);
      const before = gate.bytes;
      gate.isClosed = false;
      await cluster.until('it catches up', () => cluster.state.isr.length === 3);
      assert.deepEqual(cluster.node(3).records, ['a', 'b']);
      assert.ok(gate.bytes > before);
      await cluster.close();
    });
  });
}
