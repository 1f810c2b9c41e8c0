import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ErrorCode } from '../../../src/wire/kafka/errors.ts';
import { ClusterSimulation } from '../../support/kafka/cluster-simulation.ts';
import { LeaderAndIsr, StopReplica, UpdateMetadata } from '../../support/kafka/pairs.ts';

/** Two brokers, of which 1 was the controller of epoch 1 and 2 is that of epoch 2; topic `t` is led by 2. */
async function afterFailover(tell: (cluster: ClusterSimulation) => Promise<void>): Promise<void> {
  const cluster = new ClusterSimulation(3);
  await cluster.sim.run(async () => {
    await cluster.start(2);
    await cluster.createTopic('t', [[2]]);
    cluster.kill(1);
    await cluster.until('broker 2 is the controller', async () => (await cluster.controllerId(2)) === 2);
    await tell(cluster);
    cluster.end();
  });
}

/** Tells broker 2 to delete its replica, as a controller would. */
async function deleteReplica(cluster: ClusterSimulation, controllerEpoch: number, brokerEpoch = -1) {
  const { errorCode } = await cluster.ask(2, StopReplica, 4, {
    controllerId: 1,
    isKRaftController: false,
    controllerEpoch,
    brokerEpoch,
    deletePartitions: false,
    ungroupedPartitions: [],
    topics: [],
    topicStates: [
      { topicName: 't', partitionStates: [{ partitionIndex: 0, leaderEpoch: -2, deletePartition: true }] },
    ],
  });
  return errorCode;
}

function hasLog(cluster: ClusterSimulation): boolean {
  return cluster.host(2).env.disk.stat('/kafka/t-0')?.kind === 'directory';
}

describe('a command that comes late', () => {
  it('of a controller that has been replaced is refused', () =>
    afterFailover(async (cluster) => {
      assert.equal(await deleteReplica(cluster, 1), ErrorCode.STALE_CONTROLLER_EPOCH);
      assert.ok(hasLog(cluster));
      const header = { controllerId: 1, isKRaftController: false, controllerEpoch: 1, brokerEpoch: -1 };
      const leaderAndIsr = await cluster.ask(2, LeaderAndIsr, 7, {
        ...header,
        type: 0,
        ungroupedPartitionStates: [],
        topicStates: [],
        liveLeaders: [],
      });
      assert.equal(leaderAndIsr.errorCode, ErrorCode.STALE_CONTROLLER_EPOCH);
      const updateMetadata = await cluster.ask(2, UpdateMetadata, 8, {
        ...header,
        ungroupedPartitionStates: [],
        topicStates: [],
        liveBrokers: [],
      });
      assert.equal(updateMetadata.errorCode, ErrorCode.STALE_CONTROLLER_EPOCH);
      assert.equal((await cluster.metadata(2, [])).controllerId, 2);
    }));

  it('would take the replica away, were it not for its epoch', () =>
    afterFailover(async (cluster) => {
      assert.equal(await deleteReplica(cluster, 2), ErrorCode.NONE);
      await cluster.sim.advance(1000);
      assert.ok(!hasLog(cluster));
    }));

  it('for an earlier registration of the broker is refused', () =>
    afterFailover(async (cluster) => {
      assert.equal(await deleteReplica(cluster, 2, 1), ErrorCode.STALE_BROKER_EPOCH);
      assert.ok(hasLog(cluster));
    }));
});
