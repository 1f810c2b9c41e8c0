import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClusterSimulation } from '../../support/kafka/cluster-simulation.ts';

/** A story of three brokers, for several seeds. */
function story(name: string, tell: (cluster: ClusterSimulation) => Promise<void>): void {
  it(name, async () => {
    for (const seed of [1, 2]) {
      const cluster = new ClusterSimulation(seed);
      await cluster.sim.run(async () => {
        await cluster.start(3);
        await tell(cluster);
        cluster.end();
      });
    }
  });
}

describe('three brokers', () => {
  story('know each other and give a topic its leaders', async (cluster) => {
    await cluster.createTopic('t', [
      [1, 2, 3],
      [2, 3, 1],
      [3, 1, 2],
    ]);
    for (const id of [1, 2, 3]) {
      const { brokers, controllerId } = await cluster.metadata(id, []);
      assert.deepEqual(
        brokers.map(({ nodeId, host }) => [nodeId, host]),
        [
          [1, 'broker-1'],
          [2, 'broker-2'],
          [3, 'broker-3'],
        ],
      );
      assert.equal(controllerId, 1);
      await cluster.until('every broker knows the leaders', async () =>
        (await cluster.partitions('t', id)).every(({ leader }, index) => leader === index + 1),
      );
    }
  });

  story('move leaders when one dies, and take it back', async (cluster) => {
    await cluster.createTopic('t', [[2, 3, 1]]);
    cluster.kill(2);
    await cluster.until('broker 3 leads', async () => (await cluster.partitions('t', 1))[0]?.leader === 3);
    const [partition] = await cluster.partitions('t', 3);
    assert.deepEqual(partition, {
      leader: 3,
      leaderEpoch: 1,
      replicas: [2, 3, 1],
      isr: [3, 1],
      offline: [2],
    });
    await cluster.startBroker(2);
    await cluster.until('broker 2 is back', async () =>
      (await cluster.partitions('t', 2)).every(({ offline, leader }) => offline.length === 0 && leader === 3),
    );
  });

  story('elect another controller when it dies', async (cluster) => {
    await cluster.createTopic('t', [[1, 2, 3]]);
    cluster.kill(1);
    await cluster.until('another broker leads and is the controller', async () => {
      const [partition] = await cluster.partitions('t', 2);
      return partition?.leader === 2 && (await cluster.controllerId(3)) !== 1;
    });
    await cluster.createTopic('u', [[3, 2]]);
    await cluster.until(
      'the new topic is known',
      async () => (await cluster.partitions('u', 2))[0]?.leader === 3,
    );
  });

  story('move leaders before one stops', async (cluster) => {
    await cluster.createTopic('t', [
      [2, 3, 1],
      [3, 2, 1],
    ]);
    await cluster.createTopic('single', [[2]]);
    const beganMs = cluster.sim.nowMs;
    await cluster.stop(2);
    assert.ok(cluster.sim.nowMs - beganMs < 2000, `stopping took ${cluster.sim.nowMs - beganMs} ms`);
    const partitions = await cluster.partitions('t', 1);
    assert.deepEqual(
      partitions.map(({ leader, leaderEpoch, isr }) => ({ leader, leaderEpoch, isr })),
      [
        { leader: 3, leaderEpoch: 1, isr: [3, 1] },
        { leader: 3, leaderEpoch: 1, isr: [3, 1] },
      ],
    );
    await cluster.startBroker(2);
    await cluster.until('it leads what only it has', async () =>
      (await cluster.partitions('single', 1)).every(({ leader }) => leader === 2),
    );
  });

  story('let the controller stop that cannot reach one of them', async (cluster) => {
    cluster.sim.network.partition(['broker-1'], ['broker-3']);
    await cluster.createTopic('t', [[1, 2]]);
    const beganMs = cluster.sim.nowMs;
    await cluster.stop(1);
    assert.ok(cluster.sim.nowMs - beganMs < 2000, `stopping took ${cluster.sim.nowMs - beganMs} ms`);
    const late = cluster.sim.logLines.filter(({ text }) => text.startsWith('ZooKeeper does not answer'));
    assert.deepEqual(late, []);
  });

  story('let the controller stop', async (cluster) => {
    await cluster.createTopic('t', [[1, 2, 3]]);
    await cluster.stop(1);
    await cluster.until(
      'another broker is the controller',
      async () => (await cluster.controllerId(2)) !== 1,
    );
    assert.equal((await cluster.partitions('t', 2))[0]?.leader, 2);
  });
});
